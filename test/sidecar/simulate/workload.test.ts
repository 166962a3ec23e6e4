import assert from "node:assert/strict";
import { test } from "node:test";
import { buildWorkload, WorkloadRefused, type WorkloadSettings } from "../../../sidecar/simulate/workload.ts";
import { request } from "./traces.ts";

const SETTINGS: WorkloadSettings = {
  maxPromptTokens: undefined,
  servers: 2,
  maxNumSeqs: 4,
  prefillBaseMs: 5,
  prefillPerTokenMs: 0.25,
  decodePerTokenMs: 2,
  blockSize: 16,
  cache: { numGpuBlocks: 1000 },
  pace: { load: 0.5 },
  seed: 1,
  warmup: 0,
};

/** Two requests, each 10 + 0.5 x 1024 + 4 x 9 = 558 ms at a full batch, in 8 places: 139.5 ms at load 1. */
const TRACE = [
  request({ timestamp: 100, promptTokens: 1024, hashIds: [1, 2] }),
  request({ timestamp: 200, promptTokens: 1024, hashIds: [1, 3] }),
];

test("costs are an empty server's: a full batch takes twice, where a batch has more than one", () => {
  const { engine } = buildWorkload(TRACE, SETTINGS).workload;
  assert.deepEqual([engine.prefillBaseMs, engine.prefillPerTokenMs, engine.decodePerTokenMs], [10, 0.5, 4]);
  const single = buildWorkload(TRACE, { ...SETTINGS, maxNumSeqs: 1 }).workload.engine;
  assert.deepEqual([single.prefillBaseMs, single.prefillPerTokenMs, single.decodePerTokenMs], [5, 0.25, 2]);
});

test("arrivals follow the load", () => {
  const built = buildWorkload(TRACE, SETTINGS);
  assert.deepEqual(built.workload.arrivals, [0, 279]);
  assert.deepEqual([built.span, built.load, built.speed], [279, 0.5, 100 / 279]);
  assert.deepEqual(built.notes, []);
});

test("arrivals follow the trace's speed", () => {
  const built = buildWorkload(TRACE, { ...SETTINGS, pace: { speed: 4 } });
  assert.deepEqual(built.workload.arrivals, [0, 25]);
  assert.deepEqual([built.span, built.load, built.speed], [25, 139.5 / 25, 4]);
});

test("a burst has a speed, but no load", () => {
  const burst = TRACE.map((one) => ({ ...one, timestamp: 7 }));
  assert.throws(() => buildWorkload(burst, SETTINGS), {
    constructor: WorkloadRefused,
    message: /^--load needs .*--speed 1/,
  });
  const built = buildWorkload(burst, { ...SETTINGS, pace: { speed: 1 } });
  assert.deepEqual([built.workload.arrivals, built.span, built.load], [[0, 0], 0, null]);
  assert.deepEqual(buildWorkload(burst.slice(0, 1), SETTINGS).workload.arrivals, [0]);
});

test("servers that take no time have no load", () => {
  const free = { ...SETTINGS, prefillBaseMs: 0, prefillPerTokenMs: 0, decodePerTokenMs: 0 };
  assert.throws(() => buildWorkload(TRACE, free), { constructor: WorkloadRefused, message: /^--load needs .*--speed/ });
  assert.equal(buildWorkload(TRACE, { ...free, pace: { speed: 1 } }).span, 100);
});

test("the cache is a share of the distinct blocks, but holds what it must", () => {
  const blocks = (settings: Partial<WorkloadSettings>) => {
    const { workload, notes } = buildWorkload(TRACE, { ...SETTINGS, ...settings });
    return [workload.engine.numGpuBlocks, ...notes];
  };
  // 96 distinct blocks; a request takes (1024 + 10) / 16 = 65, four of them 260.
  assert.deepEqual(blocks({ cache: { fraction: 4 } }), [384]);
  assert.deepEqual(blocks({ cache: { fraction: 0.25 } }), [
    260,
    "--cache-fraction 0.250 would give each server 24 KV-cache blocks; raised to 260, which hold the longest " +
      "request and 4 average ones",
  ]);
  assert.deepEqual(blocks({ cache: { numGpuBlocks: 65 } }), [65]);
  assert.throws(() => blocks({ cache: { numGpuBlocks: 64 } }), {
    constructor: WorkloadRefused,
    message: /^--num-gpu-blocks is 64, but the trace's longest request needs 65; .*--max-prompt-tokens$/,
  });
});

test("cut prompts and coarse timestamps are told", () => {
  const trace = [0, 0, 3000].map((timestamp, index) => request({ timestamp, promptTokens: 512 * (index + 1) }));
  const { notes, workload } = buildWorkload(trace, { ...SETTINGS, maxPromptTokens: 600, pace: { speed: 1 } });
  assert.deepEqual(notes, [
    "2 of 3 prompts are cut to 600 tokens",
    "the trace tells time in steps of 3000 ms; requests of one step are spread evenly over it",
  ]);
  assert.deepEqual(workload.arrivals, [0, 1500, 3000]);
});

test("the warm-up is a share of the requests, rounded down", () => {
  const trace = Array.from({ length: 9 }, (_, index) => request({ timestamp: index }));
  assert.equal(buildWorkload(trace, { ...SETTINGS, warmup: 0.25 }).workload.warmup, 2);
});
