// How endpoints' metrics are read.

import type { Command } from "commander";
import { ENGINE_VLLM } from "../../wire/layout.ts";
import type { MetricsPlace } from "../discovery/metrics-place.ts";
import { type EngineMetrics, engineMetrics, type Selector } from "../scrape/engines.ts";
import { formatDuration } from "../support/duration.ts";
import { durationOption, option, spelled, switchOption } from "./option.ts";
import { reading, wholeNumber } from "./values.ts";

const DAY = 86_400_000;
const MAX_PORT = 65_535;

/** What these flags say. */
export interface ScrapeFlags {
  readonly refreshMetricsInterval: number;
  readonly metricsStalenessThreshold: number;
  readonly scrapeTimeout?: number;
  readonly modelServerMetricsScheme?: "http" | "https";
  readonly modelServerMetricsPath?: string;
  readonly modelServerMetricsPort?: number;
  readonly modelServerMetricsHttpsInsecureSkipVerify?: boolean;
  readonly totalQueuedRequestsMetric?: Selector;
  readonly totalRunningRequestsMetric?: Selector;
  readonly kvCacheUsagePercentageMetric?: Selector;
  readonly loraInfoMetric?: string;
  readonly cacheInfoMetric?: string;
}

/** Flags that name the metrics of servers without another engine's label. */
const NUMBERS = ["total-queued-requests-metric", "total-running-requests-metric", "kv-cache-usage-percentage-metric"];
const INFOS = ["lora-info-metric", "cache-info-metric"];

const METRIC = /^[a-zA-Z_:][\w:]*$/;
const SPECIFICATION = /^([a-zA-Z_:][\w:]*)(?:\{\s*([a-zA-Z_]\w*)\s*=\s*(?:"([^"\\]*)"|([^",{}\\]+?))\s*\})?$/;

/** `name`, or `name{label=text}` for the series that have that label. */
const selector = reading("a metric's name, or name{label=text} with one label", (text): Selector | undefined => {
  const [, metric, label, quoted, bare] = SPECIFICATION.exec(text.trim()) ?? [];
  if (metric === undefined) return undefined;
  return label === undefined ? { metric } : { metric, where: { label, is: quoted ?? bare ?? "" } };
});

/** A metric's name; empty where there is no such metric. */
const metricName = reading("a metric's name, or nothing where there is none", (text) =>
  text === "" || METRIC.test(text) ? text : undefined,
);

const path = reading("a path such as /metrics", (text) => (/^\/[\x21-\x7e]*$/.test(text) ? text : undefined));

/** A port of 0 is the endpoint's own. */
const port = wholeNumber(0, MAX_PORT);

/** Adds the flags to a command. */
export function addScrapeFlags(command: Command): void {
  command.optionsGroup("Scraping:");
  command.addOption(
    durationOption("--refresh-metrics-interval <duration>", "time between scrapes of an endpoint", 1, DAY).default(
      50,
      formatDuration(50),
    ),
  );
  command.addOption(
    durationOption("--metrics-staleness-threshold <duration>", "age at which a sample is stale", 2, DAY).default(
      2000,
      formatDuration(2000),
    ),
  );
  command.addOption(
    durationOption(
      "--scrape-timeout <duration>",
      "time for one scrape (default: half the staleness threshold, at most 1s)",
      1,
      DAY,
    ),
  );
  command.addOption(
    option("--model-server-metrics-scheme <scheme>", 'of pods\' metrics (default: "http")').choices(["http", "https"]),
  );
  command.addOption(
    option("--model-server-metrics-path <path>", 'of pods\' metrics (default: "/metrics")').argParser(path),
  );
  command.addOption(
    option("--model-server-metrics-port <port>", "of pods' metrics (default: the endpoint's)").argParser(port),
  );
  command.addOption(
    switchOption(
      "model-server-metrics-https-insecure-skip-verify",
      "believe any certificate (default: true with --model-server-metrics-scheme=https)",
    ),
  );
  // Not in the help: labels that name the engine do the same for every engine, and several at once.
  for (const flag of NUMBERS) command.addOption(option(`--${flag} <metric>`, "").argParser(selector).hideHelp());
  for (const flag of INFOS) command.addOption(option(`--${flag} <name>`, "").argParser(metricName).hideHelp());
}

/** What the values of single flags cannot tell, as a message to the user. */
export function scrapeContradiction(command: Command): string | undefined {
  const flags = command.opts<ScrapeFlags & { endpoints?: string }>();
  const { refreshMetricsInterval: interval, metricsStalenessThreshold: threshold, scrapeTimeout: timeout } = flags;
  if (interval >= threshold) {
    return `--refresh-metrics-interval is ${formatDuration(interval)}, must be below --metrics-staleness-threshold, ${formatDuration(threshold)}`;
  }
  if (timeout !== undefined && timeout >= threshold) {
    return `--scrape-timeout is ${formatDuration(timeout)}, must be below --metrics-staleness-threshold, ${formatDuration(threshold)}`;
  }
  if (flags.endpoints === undefined) return undefined;
  const placed = (["modelServerMetricsScheme", "modelServerMetricsPath", "modelServerMetricsPort"] as const).find(
    (key) => flags[key] !== undefined,
  );
  return (
    placed && `${spelled(command, placed)} contradicts --endpoints: the file's field metrics says it, for each endpoint`
  );
}

/** Where pods have their metrics. */
export function metricsPlaceOf(flags: ScrapeFlags): MetricsPlace {
  const { modelServerMetricsScheme: scheme, modelServerMetricsPath: path, modelServerMetricsPort: port } = flags;
  return { ...(scheme && { scheme }), ...(path !== undefined && { path }), ...(port && { port }) };
}

/** Whether certificates are checked: the reference does not where it is told to use https. */
export function verifiesTls(flags: ScrapeFlags): boolean {
  return !(flags.modelServerMetricsHttpsInsecureSkipVerify ?? flags.modelServerMetricsScheme === "https");
}

/** The metrics of servers without another engine's label; undefined where no flag changes vLLM's. */
export function vllmMetricsOf(flags: ScrapeFlags): EngineMetrics | undefined {
  const { totalQueuedRequestsMetric: queued, totalRunningRequestsMetric: running } = flags;
  const { kvCacheUsagePercentageMetric: kvUsage, loraInfoMetric: lora, cacheInfoMetric: cache } = flags;
  if ([queued, running, kvUsage, lora, cache].every((value) => value === undefined)) return undefined;
  const { adapters, blockSize, blockCount, ...vllm } = engineMetrics(ENGINE_VLLM);
  const renamed = <T extends { metric: string }>(one: T | undefined, metric: string | undefined): T | undefined => {
    if (one === undefined || metric === "") return undefined;
    return metric === undefined ? one : { ...one, metric };
  };
  const parts = {
    adapters: renamed(adapters, lora),
    blockSize: renamed(blockSize, cache),
    blockCount: renamed(blockCount, cache),
  };
  return {
    ...vllm,
    ...(queued && { queued }),
    ...(running && { running }),
    ...(kvUsage && { kvUsage: [kvUsage] as const }),
    ...(parts.adapters && { adapters: parts.adapters }),
    ...(parts.blockSize && { blockSize: parts.blockSize }),
    ...(parts.blockCount && { blockCount: parts.blockCount }),
  };
}
