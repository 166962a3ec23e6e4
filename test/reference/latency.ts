// `latency-scorer`: prefers endpoints by how far their predicted latency lies from what the request may take.

import type { Candidate, Request } from "./model.ts";
import { matchRatio } from "./tokens.ts";

/** Milliseconds left until a limit is broken; negative where the prediction breaks it. */
export type Headroom = { readonly ttft: number; readonly tpot: number };

export type LatencyParameters = {
  ttftWeight?: number;
  tpotWeight?: number;
  headroomSelectionStrategy?: "least" | "most";
  compositeKVWeight?: number;
  compositeQueueWeight?: number;
  compositePrefixWeight?: number;
};

/** Ranges up to here count as none. */
const EPSILON = 1e-9;

/**
 * Headroom of a candidate; undefined where nothing is predicted for it. A limit that the request does not give is 0, so
 * that every prediction breaks it and smaller ones break it less. A TPOT that is not predicted has a headroom of 0.
 */
export function headroomOf({ predictedTtft, predictedTpot }: Candidate, request: Request): Headroom | undefined {
  if (predictedTtft === undefined) return undefined;
  const tpot = predictedTpot === undefined ? 0 : (request.sloTpot ?? 0) - predictedTpot;
  return { ttft: (request.sloTtft ?? 0) - predictedTtft, tpot };
}

/** Two weights in proportion to each other, of sum 1; all for the first where they sum to nothing. */
function shares(first: number, second: number): [number, number] {
  const sum = first + second;
  return sum <= 0 ? [1, 0] : [first / sum, second / sum];
}

/** Where each value lies between the least and the greatest, 0..1; null where they are all the same. */
function placesIn(values: readonly number[]): number[] | null {
  const least = Math.min(...values);
  const range = Math.max(...values) - least;
  return range > EPSILON ? values.map((value) => (value - least) / range) : null;
}

/**
 * Scores of candidates that are compared with each other, by the distance of their predictions from the limits: in
 * steps of 0.01 from 0.01 to 1.01. A dimension in which they do not differ has no weight beside one in which they do.
 */
function compareHeadroom(
  headrooms: readonly Headroom[],
  strategy: "least" | "most",
  weights: [number, number],
): number[] {
  const ttft = placesIn(headrooms.map((headroom) => Math.abs(headroom.ttft)));
  const tpot = placesIn(headrooms.map((headroom) => Math.abs(headroom.tpot)));
  let [ttftShare, tpotShare] = shares(...weights);
  if (ttft === null && tpot !== null) [ttftShare, tpotShare] = [0, 1];
  if (ttft !== null && tpot === null) [ttftShare, tpotShare] = [1, 0];
  return headrooms.map((_, index) => {
    const distance = ttftShare * (ttft?.[index] ?? 0.5) + tpotShare * (tpot?.[index] ?? 0.5);
    return (Math.trunc((strategy === "most" ? distance : 1 - distance) * 100) + 1) / 100;
  });
}

/** Rounds halves away from zero. */
function round(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

/** Scores where nothing is predicted: free KV cache, queue against the longest, cached share; rounded to 0.01. */
function compositeScores(candidates: readonly Candidate[], request: Request, parameters: LatencyParameters): number[] {
  let { compositeKVWeight: kv = 1, compositeQueueWeight: queue = 1, compositePrefixWeight: prefix = 1 } = parameters;
  if (kv + queue + prefix <= 0) [kv, queue, prefix] = [1, 0, 0];
  const sum = kv + queue + prefix;
  const longest = Math.max(...candidates.map((candidate) => candidate.queue));
  return candidates.map((candidate) => {
    const relativeQueue = longest > 0 ? (longest - candidate.queue) / longest : 1;
    const composite =
      (kv / sum) * (1 - candidate.kvUsage) +
      (queue / sum) * relativeQueue +
      (prefix / sum) * matchRatio(candidate, request);
    return round(100 * composite) / 100;
  });
}

/**
 * Which candidates are compared; the others have 0. Any that keep both limits, or that nothing is predicted for,
 * leave out those that break one. Where all break one: the idle; else those that break only TPOT, else only TTFT,
 * else both.
 */
function chooseBucket(candidates: readonly Candidate[], headrooms: readonly (Headroom | undefined)[]) {
  const all = candidates.map((_, index) => index);
  const breaks = (index: number) => ({
    ttft: (headrooms[index]?.ttft ?? 0) < 0,
    tpot: (headrooms[index]?.tpot ?? 0) < 0,
  });
  const keeping = all.filter((index) => !breaks(index).ttft && !breaks(index).tpot);
  if (keeping.length > 0) return { bucket: keeping, broken: false };
  const buckets = [
    all.filter((index) => candidates[index]!.inFlight === 0),
    all.filter((index) => !breaks(index).ttft),
    all.filter((index) => !breaks(index).tpot),
    all,
  ];
  return { bucket: buckets.find((bucket) => bucket.length > 0) ?? all, broken: true };
}

/**
 * `latency-scorer`, 0 or 0.01..1.01. With predictions, candidates of one bucket are compared by distance from the
 * limits: the nearest first, or the farthest by strategy `most` while the limits are kept. An endpoint that nothing is
 * predicted for, beside others with predictions, counts as one exactly on both limits.
 */
export function latencyScores(
  candidates: readonly Candidate[],
  request: Request,
  parameters: LatencyParameters = {},
): number[] {
  const { ttftWeight = 0.8, tpotWeight = 0.2, headroomSelectionStrategy: strategy = "least" } = parameters;
  const headrooms = candidates.map((candidate) => headroomOf(candidate, request));
  if (headrooms.every((headroom) => headroom === undefined)) return compositeScores(candidates, request, parameters);
  const { bucket, broken } = chooseBucket(candidates, headrooms);
  const compared = compareHeadroom(
    bucket.map((index) => headrooms[index] ?? { ttft: 0, tpot: 0 }),
    broken ? "least" : strategy,
    [ttftWeight, tpotWeight],
  );
  const scores = candidates.map(() => 0);
  for (const [place, index] of bucket.entries()) scores[index] = compared[place]!;
  return scores;
}
