import { loadFactor } from "../../simulator/timing.ts";
import { arrivals, resolution, spanAtLoad } from "./arrivals.ts";
import { Prefixes } from "./prefixes.ts";
import type { Workload } from "./replay.ts";
import { cutPrompts, type TraceRequest } from "./trace.ts";

/** How servers and requests are to be. Durations in milliseconds. */
export interface WorkloadSettings {
  /** Longest prompt; longer ones are cut. Undefined: none are. */
  readonly maxPromptTokens: number | undefined;
  readonly servers: number;
  readonly maxNumSeqs: number;
  /** Costs on an empty server; a full batch takes twice as long (simulator/timing.ts). */
  readonly prefillBaseMs: number;
  readonly prefillPerTokenMs: number;
  readonly decodePerTokenMs: number;
  /** Tokens per KV-cache block; divides TOKENS_PER_ID. */
  readonly blockSize: number;
  /** Each server's cache: blocks, or a share of the trace's distinct blocks. */
  readonly cache: { readonly numGpuBlocks: number } | { readonly fraction: number };
  /** How fast requests come: a load as spanAtLoad defines it, or a factor on the trace's own speed. */
  readonly pace: { readonly load: number } | { readonly speed: number };
  readonly seed: number;
  /** Share of the requests, from the first one, that is left out of the statistics; 0 up to, not including, 1. */
  readonly warmup: number;
}

/** A workload with what its reader should know. */
export interface BuiltWorkload {
  readonly workload: Workload;
  /** Milliseconds from the first to the last arrival. */
  readonly span: number;
  /** The load (spanAtLoad) and the factor on the trace's speed that this amounts to; null for a burst. */
  readonly load: number | null;
  readonly speed: number | null;
  /** What was changed to make it work. */
  readonly notes: readonly string[];
}

/** Settings that do not fit the trace; the message names the flag and what would do. */
export class WorkloadRefused extends Error {}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Blocks of each server's cache. */
function cacheBlocks(
  settings: WorkloadSettings,
  requests: readonly TraceRequest[],
  prefixes: Prefixes,
  notes: string[],
): number {
  const { blockSize, cache, maxNumSeqs } = settings;
  const blocks = requests.map((request) => Math.ceil((request.promptTokens + request.outputTokens) / blockSize));
  const longest = blocks.reduce((most, one) => Math.max(most, one), 0);
  if ("numGpuBlocks" in cache) {
    if (cache.numGpuBlocks >= longest) return cache.numGpuBlocks;
    throw new WorkloadRefused(
      `--num-gpu-blocks is ${cache.numGpuBlocks}, but the trace's longest request needs ${longest}; ` +
        `give at least that many, or cut prompts with --max-prompt-tokens`,
    );
  }
  const wanted = Math.ceil(prefixes.distinctBlocks * cache.fraction);
  const needed = Math.max(longest, Math.ceil(mean(blocks) * maxNumSeqs));
  if (wanted >= needed) return wanted;
  notes.push(
    `--cache-fraction ${cache.fraction.toPrecision(3)} would give each server ${wanted} KV-cache blocks; raised to ` +
      `${needed}, which hold the longest request and ${maxNumSeqs} average ones`,
  );
  return needed;
}

/**
 * Fits a trace to servers.
 * @param trace at least one request.
 * @throws WorkloadRefused where the settings do not fit the trace.
 */
export function buildWorkload(trace: readonly TraceRequest[], settings: WorkloadSettings): BuiltWorkload {
  const { maxPromptTokens = Number.POSITIVE_INFINITY, servers, maxNumSeqs, blockSize, pace, seed } = settings;
  const notes: string[] = [];
  const requests = cutPrompts(trace, maxPromptTokens);
  const cut = trace.filter(({ promptTokens }) => promptTokens > maxPromptTokens).length;
  if (cut > 0) notes.push(`${cut} of ${trace.length} prompts are cut to ${maxPromptTokens} tokens`);

  const full = 1 / loadFactor(1, maxNumSeqs);
  const timing = {
    prefillBaseMs: settings.prefillBaseMs * full,
    prefillPerTokenMs: settings.prefillPerTokenMs * full,
    decodePerTokenMs: settings.decodePerTokenMs * full,
    maxNumSeqs,
  };
  const prefixes = new Prefixes(requests, blockSize);
  const numGpuBlocks = cacheBlocks(settings, requests, prefixes, notes);

  const ownTimes = arrivals(requests);
  const ownSpan = ownTimes.at(-1)!;
  if (ownSpan === 0 && requests.length > 1 && "load" in pace) {
    throw new WorkloadRefused(
      "--load needs requests at different times, and all of this trace have one timestamp; use --speed 1 for a burst",
    );
  }
  const spanAtOne = spanAtLoad(requests, timing, servers, 1);
  if (spanAtOne === 0 && "load" in pace) {
    throw new WorkloadRefused("--load needs servers that take time; give costs above 0, or use --speed");
  }
  const step = resolution(requests);
  if (requests.some(({ timestamp }, index) => index > 0 && timestamp === requests[index - 1]!.timestamp) && step > 1) {
    notes.push(`the trace tells time in steps of ${step} ms; requests of one step are spread evenly over it`);
  }
  const factor = "speed" in pace ? 1 / pace.speed : ownSpan === 0 ? 0 : spanAtOne / pace.load / ownSpan;
  const span = ownSpan * factor;
  return {
    workload: {
      requests,
      arrivals: ownTimes.map((time) => time * factor),
      prefixes,
      servers,
      engine: { ...timing, maxLoras: 1, blockSize, numGpuBlocks, timeScale: 1 },
      seed,
      warmup: Math.floor(requests.length * settings.warmup),
    },
    span,
    load: span === 0 ? null : spanAtOne / span,
    speed: factor === 0 ? null : 1 / factor,
    notes,
  };
}
