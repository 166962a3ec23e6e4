import type { Outcome, Replay, Workload } from "./replay.ts";

/** Arrivals closer than this, in milliseconds, are neighbours: a picker that believes one scrape sees them alike. */
export const NEIGHBOUR_MS = 50;

/** The spread of a duration, in milliseconds. */
export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** What a policy's run amounts to. The figures leave the warm-up out; null where there is nothing to divide by. */
export interface Summary {
  readonly requests: number;
  /** Requests that the policy sent nowhere; the other figures leave them out. */
  readonly refused: number;
  /** From arrival to the first token. */
  readonly ttft: Spread | null;
  /** Per output token after the first, of requests with more than one. */
  readonly tpot: Spread | null;
  /** From arrival to the last token. */
  readonly e2e: Spread | null;
  /** From the first arrival to the last token of all. */
  readonly requestsPerSecond: number | null;
  readonly outputTokensPerSecond: number | null;
  readonly prefix: {
    /** Cached prompt tokens over prompt tokens. */
    readonly hitRate: number | null;
    /** The same for one cache that all requests share and that forgets nothing. */
    readonly possibleHitRate: number | null;
    /** The first over the second. */
    readonly shareOfPossible: number | null;
  };
  readonly balance: {
    /** Balance.momentary and Balance.lasting. */
    readonly momentary: number | null;
    readonly lasting: number | null;
    readonly serversUsed: number;
    /** Share of the requests, per server. */
    readonly shares: readonly number[];
  };
  readonly neighbours: {
    /** Pairs of requests that arrived at most NEIGHBOUR_MS apart. */
    readonly pairs: number;
    /** Share of the pairs whose requests went to one server. */
    readonly sameServer: number | null;
  };
}

/** The quotient, or null where it is no number. */
function ratio(part: number, whole: number): number | null {
  const value = part / whole;
  return Number.isFinite(value) ? value : null;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The spread of some values, null where there are none. Percentiles by nearest rank: p90 of ten is the ninth. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const percentile = (percent: number) => sorted[Math.ceil((percent * sorted.length) / 100) - 1]!;
  return { mean: sum(values) / values.length, p50: percentile(50), p90: percentile(90), p99: percentile(99) };
}

/** Counts the pairs of arrivals at most NEIGHBOUR_MS apart, and how many of them share a server. */
export function neighboursOf(outcomes: readonly Pick<Outcome, "arrivedAt" | "server">[]): {
  pairs: number;
  sameServer: number | null;
} {
  const perServer = new Map<number | undefined, number>();
  let pairs = 0;
  let same = 0;
  let oldest = 0;
  outcomes.forEach(({ arrivedAt, server }, index) => {
    for (; outcomes[oldest]!.arrivedAt < arrivedAt - NEIGHBOUR_MS; oldest++) {
      const left = outcomes[oldest]!.server;
      perServer.set(left, perServer.get(left)! - 1);
    }
    pairs += index - oldest;
    const there = perServer.get(server) ?? 0;
    same += there;
    perServer.set(server, there + 1);
  });
  return { pairs, sameServer: ratio(same, pairs) };
}

/** Sums a run up. */
export function summarize(workload: Workload, { outcomes, balance }: Replay): Summary {
  const measured = outcomes.slice(workload.warmup).map((outcome, index) => {
    const number = index + workload.warmup;
    const { promptTokens, outputTokens } = workload.requests[number]!;
    return { ...outcome, promptTokens, outputTokens, possible: workload.prefixes.possibleHits[number]! };
  });
  const served = measured.filter(({ server }) => server !== undefined);
  const tokens = sum(served.map(({ promptTokens }) => promptTokens));
  const cached = sum(served.map(({ cachedTokens }) => cachedTokens));
  const possible = sum(served.map((one) => one.possible));
  const first = measured[0]?.arrivedAt ?? 0;
  const last = served.reduce((latest, { finishedAt }) => Math.max(latest, finishedAt), first);
  const seconds = (last - first) / 1000;
  const counts = Array.from({ length: workload.servers }, () => 0);
  for (const { server } of served) counts[server!]!++;
  const several = served.filter(({ outputTokens }) => outputTokens > 1);
  return {
    requests: measured.length,
    refused: measured.length - served.length,
    ttft: spreadOf(served.map(({ arrivedAt, firstTokenAt }) => firstTokenAt - arrivedAt)),
    tpot: spreadOf(
      several.map(({ firstTokenAt, finishedAt, outputTokens }) => (finishedAt - firstTokenAt) / (outputTokens - 1)),
    ),
    e2e: spreadOf(served.map(({ arrivedAt, finishedAt }) => finishedAt - arrivedAt)),
    requestsPerSecond: ratio(served.length, seconds),
    outputTokensPerSecond: ratio(sum(served.map(({ outputTokens }) => outputTokens)), seconds),
    prefix: {
      hitRate: ratio(cached, tokens),
      possibleHitRate: ratio(possible, tokens),
      shareOfPossible: ratio(cached, possible),
    },
    balance: {
      momentary: ratio(balance.momentary, 1),
      lasting: ratio(balance.lasting, 1),
      serversUsed: counts.filter((count) => count > 0).length,
      shares: counts.map((count) => (served.length === 0 ? 0 : count / served.length)),
    },
    neighbours: neighboursOf(served),
  };
}
