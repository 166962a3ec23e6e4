import assert from "node:assert/strict";
import { test } from "node:test";
import { arrivals, fullBatchTime, resolution, spanAtLoad } from "../../../sidecar/simulate/arrivals.ts";
import { request } from "./traces.ts";

const TIMING = { prefillBaseMs: 10, prefillPerTokenMs: 0.5, decodePerTokenMs: 4, maxNumSeqs: 8 };

function at(...timestamps: number[]) {
  return timestamps.map((timestamp) => request({ timestamp }));
}

test("the span at a load is the work of a full batch over all places", () => {
  // 10 + 0.5 x 100 + 4 x 20 = 140, and 10 + 0.5 x 200 + 0 = 110
  const requests = [request({ promptTokens: 100, outputTokens: 21 }), request({ promptTokens: 200, outputTokens: 1 })];
  assert.deepEqual(
    requests.map((one) => fullBatchTime(one, TIMING)),
    [140, 110],
  );
  assert.equal(spanAtLoad(requests, TIMING, 2, 1), 250 / 16);
  assert.equal(spanAtLoad(requests, TIMING, 2, 0.5), 250 / 8);
});

test("arrivals count from the first request", () => {
  assert.deepEqual(arrivals(at(1000, 1007, 1010)), [0, 7, 10]);
});

test("requests with one timestamp are spread over the trace's resolution", () => {
  const requests = at(0, 0, 0, 3000, 3000, 9000);
  assert.equal(resolution(requests), 3000);
  assert.deepEqual(arrivals(requests), [0, 1000, 2000, 3000, 4500, 9000]);
  assert.deepEqual(arrivals(at(5, 5, 5)), [0, 0, 0]);
});
