import type { Observation } from "../../../wire/model.ts";

/** What a gateway tells of a request that went well. */
export function observation(change: Partial<Observation> = {}): Observation {
  return {
    ...{ pool: 1n, endpoint: 7n, model: { hash: 1n, name: "base" }, target: { hash: 1n, name: "base" } },
    ...{ priority: 0, status: 200, streamed: true, local: false, finish: 1 },
    ...{ duration: 2_000_000, queued: 0, ttft: 150_000, itl: 10_000, chunks: 20 },
    ...{ requestBytes: 100, answerBytes: 1000, prompt: 200, output: 20, cached: 50, cachedKnown: true },
    ...change,
  };
}
