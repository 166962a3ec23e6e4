import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ReloadObserver } from "../epp-config/config-file.ts";
import type { PushObserver } from "../push/push-observer.ts";
import { registerProcessMetrics } from "./process-metrics.ts";

/** Seconds. From a loopback gateway's fraction of a millisecond to a stalled one. */
const ACK_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** The sidecar's metrics: each part reports to its observer, the registry renders. */
export interface Metrics {
  readonly registry: Registry;
  readonly push: PushObserver;
  readonly reload: ReloadObserver;
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
    acknowledged: (seconds) => ack.observe(seconds),
    refused: (direction, reason, count) => refused.inc({ direction, reason }, count),
  };
}

function reloadObserver(registers: Registry[]): ReloadObserver {
  const reloads = new Counter({
    name: "inline_epp_config_reloads_total",
    help: "Looks at a changed configuration file, by how they ended.",
    labelNames: ["result"],
    registers,
  });
  const success = new Gauge({
    name: "inline_epp_config_last_reload_success",
    help: "1 where the configuration in force is the one last seen, 0 where that one was refused or unreadable.",
    registers,
  });
  success.set(1);
  return {
    reloaded(result) {
      reloads.inc({ result });
      success.set(result === "applied" || result === "unchanged" ? 1 : 0);
    },
  };
}

/** Makes the sidecar's registry. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  new Gauge({
    name: "inline_epp_build_info",
    help: "Always 1; the version is in the label.",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
  registerProcessMetrics(registry);
  return {
    registry,
    push: pushObserver(registers),
    reload: reloadObserver(registers),
  };
}
