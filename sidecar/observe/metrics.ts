import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EndpointsObserver, EndpointsResult } from "../discovery/endpoint-news.ts";
import type { ReloadResult } from "../epp-config/config-file.ts";
import type { PushObserver } from "../push/push-observer.ts";
import { METRIC_FAMILIES, type MetricFamily } from "./metric-family.ts";
import { registerProcessMetrics } from "./process-metrics.ts";

/** Seconds. From a loopback gateway's fraction of a millisecond to a stalled one. */
const ACK_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The sidecar's metrics: each part reports to its observer, the registry renders. */
export interface Metrics {
  readonly registry: Registry;
  /** Whose names metrics of pools and requests get. */
  readonly families: readonly MetricFamily[];
  readonly push: PushObserver;
  readonly reload: { reloaded(result: ReloadResult): void };
  readonly endpoints: EndpointsObserver;
}

function pushObserver(registers: Registry[]): PushObserver {
  const gateways = new Gauge({ name: "inline_epp_gateways", help: "Connected gateways.", registers });
  const frames = new Counter({
    name: "inline_epp_push_frames_total",
    help: "Frames written to gateways.",
    labelNames: ["kind"],
    registers,
  });
  const bytes = new Counter({
    name: "inline_epp_push_bytes_total",
    help: "Bytes of frames written to gateways.",
    registers,
  });
  const skipped = new Counter({
    name: "inline_epp_push_skipped_total",
    help: "LOAD frames that a newer one overtook because the gateway read too slowly.",
    registers,
  });
  const dropped = new Counter({
    name: "inline_epp_journals_dropped_total",
    help: "JOURNAL frames of other gateways forgotten before a gateway that reads too slowly had them.",
    registers,
  });
  const ack = new Histogram({
    name: "inline_epp_push_ack_seconds",
    help: "Time from writing a LOAD to the gateway's confirmation, which waits for its next tick, in seconds.",
    buckets: ACK_BUCKETS,
    registers,
  });
  const refused = new Counter({
    name: "inline_epp_frames_refused_total",
    help: "Frames refused: up, by this sidecar; down, by a gateway or by the encoder before they left.",
    labelNames: ["direction", "reason"],
    registers,
  });
  return {
    gateways: (count) => gateways.set(count),
    pushed(kind, size) {
      frames.inc({ kind });
      bytes.inc(size);
    },
    skipped: () => skipped.inc(),
    journalsDropped: (count) => dropped.inc(count),
    acknowledged: (seconds) => ack.observe(seconds),
    refused: (direction, reason, count) => refused.inc({ direction, reason }, count),
  };
}

/** Words for the metrics of a file that is followed. */
interface FollowedFile<R extends string> {
  /** What the metrics' names begin with. */
  readonly prefix: string;
  /** The file, in a sentence. */
  readonly file: string;
  /** What it says, in a sentence. */
  readonly content: string;
  /** Every way in which a reload can end: good ones, after which the file is in force, and bad ones. */
  readonly good: readonly R[];
  readonly bad: readonly R[];
}

const CONFIG_FILE: FollowedFile<ReloadResult> = {
  prefix: "inline_epp_config",
  file: "configuration file",
  content: "configuration",
  good: ["applied", "unchanged"],
  bad: ["refused", "unreadable"],
};

const ENDPOINT_FILE: FollowedFile<EndpointsResult> = {
  prefix: "inline_epp_endpoints",
  file: "endpoint file",
  content: "list of endpoints",
  good: ["applied"],
  bad: ["refused"],
};

function reloadObserver<R extends string>(
  { prefix, file, content, good, bad }: FollowedFile<R>,
  registers: Registry[],
): { reloaded(result: R): void } {
  const reloads = new Counter({
    name: `${prefix}_reloads_total`,
    help: `Looks at a changed ${file}, by how they ended.`,
    labelNames: ["result"],
    registers,
  });
  const success = new Gauge({
    name: `${prefix}_last_reload_success`,
    help: `1 where the ${content} in force is the one last seen, 0 where that one was refused or unreadable.`,
    registers,
  });
  const successAt = new Gauge({
    name: `${prefix}_last_success_timestamp_seconds`,
    help: `When a ${content} was last seen that is in force now, in seconds since 1970; the start where none came.`,
    registers,
  });
  // A rate over a series that begins with its first event misses that event.
  for (const result of [...good, ...bad]) reloads.inc({ result }, 0);
  success.set(1);
  successAt.setToCurrentTime();
  return {
    reloaded(result) {
      const isGood = good.includes(result);
      reloads.inc({ result });
      success.set(isGood ? 1 : 0);
      if (isGood) successAt.setToCurrentTime();
    },
  };
}

const INFO: Record<MetricFamily, string> = { gie: "inference_extension_info", "llm-d": "llm_d_epp_info" };

/** Makes the sidecar's registry. */
export function createMetrics(version: string, families: readonly MetricFamily[] = METRIC_FAMILIES): Metrics {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: "inline_epp_build_info",
    help: "Always 1; the version is in the label.",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
  for (const family of families) {
    new Gauge({
      name: INFO[family],
      help: "Always 1; build_ref is the version.",
      labelNames: ["commit", "build_ref"],
      registers,
    }).set({ commit: "", build_ref: version }, 1);
  }
  registerProcessMetrics(registry);
  return {
    registry,
    families,
    push: pushObserver(registers),
    reload: reloadObserver(CONFIG_FILE, registers),
    endpoints: reloadObserver(ENDPOINT_FILE, registers),
  };
}
