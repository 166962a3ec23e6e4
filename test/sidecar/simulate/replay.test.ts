import assert from "node:assert/strict";
import { test } from "node:test";
import { roundRobinPolicy } from "../../../sidecar/simulate/plain-policies.ts";
import type { PolicyMaker } from "../../../sidecar/simulate/policy.ts";
import { Prefixes } from "../../../sidecar/simulate/prefixes.ts";
import { replay, type Workload } from "../../../sidecar/simulate/replay.ts";
import { summarize } from "../../../sidecar/simulate/statistics.ts";
import type { TraceRequest } from "../../../sidecar/simulate/trace.ts";
import { request } from "./traces.ts";

/** Full-batch costs of 20 ms per prefill and 10 ms per token; an engine runs two, one alone takes half as long. */
function workload(requests: readonly TraceRequest[], fields: Partial<Workload> = {}): Workload {
  return {
    requests,
    arrivals: requests.map(({ timestamp }) => timestamp),
    prefixes: new Prefixes(requests, 16),
    servers: 1,
    engine: {
      prefillBaseMs: 20,
      prefillPerTokenMs: 0,
      decodePerTokenMs: 10,
      maxNumSeqs: 2,
      maxLoras: 1,
      blockSize: 16,
      numGpuBlocks: 200,
      timeScale: 1,
    },
    seed: 1,
    warmup: 0,
    ...fields,
  };
}

const toFirst: PolicyMaker = () => ({ choose: () => 0 });
const quiet = () => {};

test("two requests on one server, by hand", () => {
  const load = workload([request({ outputTokens: 3 }), request({ timestamp: 5, outputTokens: 1 })]);
  const run = replay(load, toFirst, quiet);
  // The first alone: its token after 10 ms, then two steps beside the second one. The second: 20 ms beside the first.
  assert.deepEqual(run.outcomes, [
    { arrivedAt: 0, server: 0, firstTokenAt: 10, finishedAt: 30, cachedTokens: 0 },
    { arrivedAt: 5, server: 0, firstTokenAt: 25, finishedAt: 25, cachedTokens: 496 },
  ]);
  assert.deepEqual(summarize(load, run), {
    requests: 2,
    refused: 0,
    ttft: { mean: 15, p50: 10, p90: 20, p99: 20 },
    tpot: { mean: 10, p50: 10, p90: 10, p99: 10 },
    e2e: { mean: 25, p50: 20, p90: 30, p99: 30 },
    requestsPerSecond: 2 / 0.03,
    outputTokensPerSecond: 4 / 0.03,
    prefix: { hitRate: 496 / 1024, possibleHitRate: 496 / 1024, shareOfPossible: 1 },
    balance: { momentary: 1, lasting: 1, serversUsed: 1, shares: [1] },
    neighbours: { pairs: 1, sameServer: 1 },
  });
});

test("servers have caches of their own, which the share of possible hits shows", () => {
  const requests = [0, 100, 200, 300].map((timestamp) => request({ timestamp, outputTokens: 1 }));
  const load = workload(requests, { servers: 2 });
  const { prefix, balance, neighbours } = summarize(load, replay(load, roundRobinPolicy, quiet));
  assert.deepEqual(prefix, {
    hitRate: (2 * 496) / 2048,
    possibleHitRate: (3 * 496) / 2048,
    shareOfPossible: 2 / 3,
  });
  // One request of 10 ms at a time, in turns.
  assert.deepEqual(balance, { momentary: 2, lasting: 1, serversUsed: 2, shares: [0.5, 0.5] });
  assert.deepEqual(neighbours, { pairs: 0, sameServer: null });
});

test("the warm-up fills caches, but is in no figure", () => {
  const requests = [0, 100, 200].map((timestamp) => request({ timestamp, outputTokens: 1 }));
  const load = workload(requests, { warmup: 1 });
  const summary = summarize(load, replay(load, toFirst, quiet));
  assert.equal(summary.requests, 2);
  assert.equal(summary.prefix.hitRate, 496 / 512);
  assert.equal(summary.requestsPerSecond, 2 / 0.11);
});

test("refused requests are counted and left out", () => {
  const requests = [0, 100, 200].map((timestamp) => request({ timestamp, outputTokens: 1 }));
  const load = workload(requests);
  const summary = summarize(
    load,
    replay(load, () => ({ choose: (index) => (index === 1 ? undefined : 0) }), quiet),
  );
  assert.deepEqual([summary.requests, summary.refused, summary.requestsPerSecond], [3, 1, 2 / 0.21]);
  assert.equal(summary.ttft?.mean, 10);
  const none = summarize(
    load,
    replay(load, () => ({ choose: () => undefined }), quiet),
  );
  assert.deepEqual([none.refused, none.ttft, none.requestsPerSecond, none.prefix.hitRate], [3, null, null, null]);
  assert.deepEqual(none.balance, { momentary: null, lasting: null, serversUsed: 0, shares: [0] });
});

test("a policy sees what is in flight, hears of every token, and that all is over", () => {
  const heard: string[] = [];
  const load = workload([request({ outputTokens: 2 }), request({ timestamp: 12, outputTokens: 1 })]);
  let active = () => true;
  replay(
    load,
    (context) => {
      active = context.active;
      return {
        choose(index) {
          heard.push(`${index} finds ${context.inFlight[0]}`);
          return 0;
        },
        produced(index, server, { emitted, phase }) {
          heard.push(`${index} at ${server}: ${emitted} ${phase} of ${context.inFlight[0]}`);
        },
      };
    },
    quiet,
  );
  assert.deepEqual(heard, [
    "0 finds 0",
    "0 at 0: 1 running of 1",
    "1 finds 1",
    "0 at 0: 2 finished of 1",
    "1 at 0: 1 finished of 0",
  ]);
  assert.equal(active(), false);
});

test("progress counts arrivals", () => {
  const told: number[] = [];
  replay(workload([request(), request({ timestamp: 1 })]), toFirst, (arrived) => told.push(arrived));
  assert.deepEqual(told, [1, 2]);
});
