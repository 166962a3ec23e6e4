// Every scorer but the latency scorer: the score of each candidate as the plugin gives it, before it is brought into
// 0..1 and weighted. Defaults of parameters are those of the reference picker.

import { parseContextRange, rangeScore } from "./context-length.ts";
import { type Candidate, labelOf, type Request } from "./model.ts";
import { matchRatio, uncachedTokens } from "./tokens.ts";

type Candidates = readonly Candidate[];

/** Pod label that `context-length-aware` reads by default. */
export const CONTEXT_LENGTH_LABEL = "llm-d.ai/context-length-range";

/** 1 for the least of the values, 0 for the greatest, in proportion between; 1 for all where they are equal. */
function fewestFirst(values: readonly number[]): number[] {
  const least = Math.min(...values);
  const most = Math.max(...values);
  return values.map((value) => (most === least ? 1 : (most - value) / (most - least)));
}

/** `queue-scorer`: the shortest queue first; of equal queues the one behind which less runs. */
export function queueScores(candidates: Candidates): number[] {
  return fewestFirst(candidates.map(({ queue, running }) => queue + running / 1024));
}

/** `running-requests-size-scorer`: the fewest running requests first. */
export function runningRequestsScores(candidates: Candidates): number[] {
  return fewestFirst(candidates.map(({ running }) => running));
}

/** `kv-cache-utilization-scorer`: the share of the KV cache that is free. */
export function kvCacheScores(candidates: Candidates): number[] {
  return candidates.map(({ kvUsage }) => 1 - kvUsage);
}

/**
 * `prefix-cache-scorer`: the share of the prompt that is cached and, by `matchLengthWeight`, the square of the cached
 * length against `matchLengthScaleTokens`. 0 of a prompt without blocks.
 */
export function prefixCacheScores(
  candidates: Candidates,
  request: Request,
  { matchLengthWeight = 0, matchLengthScaleTokens = 8192 } = {},
): number[] {
  return candidates.map((candidate) => {
    if (request.totalBlocks === 0) return 0;
    const cachedTokens = candidate.matchedBlocks * request.blockTokens;
    const length = matchLengthWeight > 0 ? Math.min(1, cachedTokens / matchLengthScaleTokens) ** 2 : 0;
    return matchLengthWeight * length + (1 - matchLengthWeight) * matchRatio(candidate, request);
  });
}

/**
 * `lora-affinity-scorer`: 1 where the adapter runs, 0.8 where a slot is free, 0.6 where it waits for one, else 0. An
 * adapter that both runs and waits takes two slots. A request for the base model is one for an adapter of its name.
 */
export function loraAffinityScores(candidates: Candidates, { model }: Request): number[] {
  return candidates.map(({ runningAdapters, waitingAdapters, maxAdapters }) => {
    const running = new Set(runningAdapters);
    const waiting = new Set(waitingAdapters);
    if (running.has(model)) return 1;
    if (running.size + waiting.size < maxAdapters) return 0.8;
    return waiting.has(model) ? 0.6 : 0;
  });
}

/**
 * `token-load-scorer`: 1 without tokens, 0 from `queueThresholdTokens` on. Counted are the tokens in flight and those
 * that this request would bring to this candidate.
 */
export function tokenLoadScores(
  candidates: Candidates,
  request: Request,
  { queueThresholdTokens = 4194304 } = {},
): number[] {
  return candidates.map((candidate) => {
    const tokens = candidate.tokensInFlight + uncachedTokens(candidate, request) + request.outputTokens;
    return 1 - Math.min(tokens, queueThresholdTokens) / queueThresholdTokens;
  });
}

/**
 * `active-request-scorer`: 1 up to `idleThreshold` requests in flight; above it in proportion to the busiest
 * candidate, which has 0, and at most `maxBusyScore`.
 */
export function activeRequestScores(
  candidates: Candidates,
  _request: Request,
  { idleThreshold = 0, maxBusyScore = 1 } = {},
): number[] {
  const most = Math.max(...candidates.map(({ inFlight }) => inFlight));
  return candidates.map(({ inFlight }) => (inFlight <= idleThreshold ? 1 : ((most - inFlight) / most) * maxBusyScore));
}

/** `load-aware-scorer`: 0.5 without a queue, 0 from `threshold` waiting requests on, in proportion between. */
export function loadAwareScores(candidates: Candidates, _request: Request, { threshold = 128 } = {}): number[] {
  return candidates.map(({ queue }) => 0.5 * (1 - Math.min(queue, threshold) / threshold));
}

/** The token that sends a session back to a pod: its name in padded standard base64. */
export function sessionTokenOf({ name }: Candidate): string {
  return Buffer.from(name).toString("base64");
}

/** `session-affinity-scorer`: 1 for the pod that the token names, 0 for others and where the token cannot be read. */
export function sessionAffinityScores(candidates: Candidates, { sessionToken }: Request): number[] {
  // Line ends count for nothing inside base64; bits that pad the last character may hold anything.
  const token = (sessionToken ?? "").replaceAll(/[\r\n]/g, "");
  const wellFormed = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(token);
  const wanted = wellFormed ? Buffer.from(token, "base64") : Buffer.alloc(0);
  return candidates.map(({ name }) => (wanted.equals(Buffer.from(name)) ? 1 : 0));
}

/**
 * `no-hit-lru-scorer`: where any candidate has a block of the prompt cached, 0.5 for all. Else by rank, 1 down to 0:
 * first those that were never used cold, in the order given, then by the last cold use, the oldest first. Endpoints
 * that are no candidates keep their places in that order, so that a rank may lie past the end; its score is 0.
 */
export function noHitLruScores(candidates: Candidates): number[] {
  if (candidates.some(({ matchedBlocks }) => matchedBlocks > 0)) return candidates.map(() => 0.5);
  if (candidates.length === 1) return [1];
  const never = candidates.filter(({ lastColdUse }) => lastColdUse === undefined);
  return candidates.map((candidate) => {
    const { lastColdUse } = candidate;
    const rank = lastColdUse === undefined ? never.indexOf(candidate) : never.length + lastColdUse;
    return Math.max(0, 1 - rank / (candidates.length - 1));
  });
}

/**
 * Candidates with their places in the order of cold use counted among themselves, of the `lruSize` latest: the filter's
 * own rule. What is gone or was filtered out keeps no place, so that nobody is pushed past the end.
 */
export function rankedAmongThemselves(candidates: Candidates, lruSize = 1024): Candidate[] {
  const used = candidates.filter(({ lastColdUse }) => lastColdUse !== undefined);
  const order = used.sort((a, b) => a.lastColdUse! - b.lastColdUse!).slice(-lruSize);
  return candidates.map((candidate) => {
    const place = order.indexOf(candidate);
    return { ...candidate, lastColdUse: place < 0 ? undefined : place };
  });
}

/** The order of cold use, oldest first, after an endpoint took a cold request; no more than `lruSize` stay in it. */
export function afterColdUse(order: readonly string[], name: string, lruSize = 1024): string[] {
  return [...order.filter((other) => other !== name), name].slice(-lruSize);
}

/**
 * `expected-latency-scorer`, the filter's own: least cost / cost, where what a request costs at a candidate is counted
 * in prompt tokens to compute: 1, those of its prompt that are not cached, and 512 per request that runs or waits.
 */
export function expectedLatencyScores(candidates: Candidates, request: Request): number[] {
  const costs = candidates.map((candidate) => {
    const requests = candidate.running + candidate.queue;
    return 1 + uncachedTokens(candidate, request) + 512 * requests;
  });
  const least = Math.min(...costs);
  return costs.map((cost) => least / cost);
}

/** `context-length-aware`: how well the label's range suits the prompt; 0.5 without a label, 0 of a malformed one. */
export function contextLengthScores(
  candidates: Candidates,
  { promptTokens }: Request,
  { label = CONTEXT_LENGTH_LABEL } = {},
): number[] {
  return candidates.map((candidate) => {
    const text = labelOf(candidate, label);
    if (text === undefined) return 0.5;
    const range = parseContextRange(text);
    return range === null ? 0 : rangeScore(range, promptTokens);
  });
}
