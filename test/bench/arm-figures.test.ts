import assert from "node:assert/strict";
import { test } from "node:test";
import { ARM_HEAD, type ArmRound, armCells, armLine, summarizeArm } from "../../bench/lib/arm-figures.ts";

function round(requestsPerSecond: number, envoyCpu: number, sidecarCpu = 0, p50 = 1): ArmRound {
  const load = { requests: 100, seconds: 1, requestsPerSecond, errors: 1, p50, p90: 2, p99: 3 };
  return { ...load, envoyCpu, sidecarCpu };
}

// The machine slows down from round to round.
const PLAIN = [round(1000, 50), round(500, 100), round(250, 200)];
const INLINE = [round(900, 75, 10, 1.2), round(400, 160, 30, 1.5), round(100, 300, 20, 9)];

test("ratios are of rounds beside each other, and their median counts", () => {
  const { throughput_share, cpu_ratio } = summarizeArm(INLINE, PLAIN);
  // 0.9, 0.8, 0.4 and 1.5, 1.6, 1.5: of the medians it would be 400 / 500, and 160 / 100.
  assert.deepEqual([throughput_share, cpu_ratio], [0.8, 1.5]);
});

test("what is added is the difference of medians, the sidecar's share in us_added", () => {
  const { rps, envoy_us, sidecar_us, envoy_us_added, us_added, p50_added, errors } = summarizeArm(INLINE, PLAIN);
  assert.deepEqual([rps, envoy_us, sidecar_us, envoy_us_added, us_added], [400, 160, 20, 60, 80]);
  assert.deepEqual([p50_added, errors], [0.5, 3]);
});

test("plain is compared with nothing, and what is not known is left out", () => {
  const plain = armLine("plain", summarizeArm(PLAIN, PLAIN));
  assert.deepEqual(Object.keys(plain), ["rps", "p50", "p99", "envoy_us", "sidecar_us", "errors"]);
  const unknown = [round(123.456, Number.NaN, Number.NaN)];
  const other = armLine("other", summarizeArm(unknown, PLAIN.slice(0, 1)));
  assert.deepEqual(other, { rps: 123.5, p50: 1, p99: 3, errors: 1, throughput_share: 0.1235, p50_added: 0 });
});

test("every row has a cell for each heading", () => {
  const cells = armCells("inline", summarizeArm(INLINE, PLAIN));
  assert.deepEqual(cells, ["inline", "400", "1.500", "3.000", "160", "20", "3", "80%", "0.500", "60"]);
  assert.equal(cells.length, ARM_HEAD.length);
  const plain = armCells("plain", summarizeArm(PLAIN, PLAIN));
  assert.deepEqual(plain.slice(-3), ["", "", ""]);
});
