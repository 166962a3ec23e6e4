import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "prom-client";
import { Distribution, type Exemplar, sumOf } from "../../../sidecar/observe/distribution.ts";
import { boundText, registerDistributions } from "../../../sidecar/observe/read-metric.ts";

const exemplar = (value: number, timestamp: number): Exemplar => ({ labelSet: { trace_id: "a" }, value, timestamp });

function of(bounds: readonly number[], ...values: number[]): Distribution {
  const made = new Distribution(bounds);
  for (const value of values) made.observe(value);
  return made;
}

test("a value is in the first bucket whose bound is not below it", () => {
  const { counts, count, sum } = of([1, 2, 5], 0, 1, 1.5, 2, 5, 5.001, 100);
  assert.deepEqual([[...counts], count, sum], [[2, 2, 1, 2], 7, 114.501]);
});

test("a sum has what each has, and of each bucket the newest exemplar; what it was made of stays as it is", () => {
  const [one, other] = [of([1], 0.5), of([1], 3, 4)];
  one.observe(0.25, exemplar(0.25, 10));
  other.observe(0.75, exemplar(0.75, 9));
  other.observe(2, exemplar(2, 9));
  const sum = sumOf([one, other])!;
  assert.deepEqual([[...sum.counts], sum.count, sum.sum], [[3, 3], 6, 10.5]);
  assert.deepEqual(sum.exemplars, [exemplar(0.25, 10), exemplar(2, 9)]);
  assert.deepEqual(
    [[...one.counts], [...other.counts]],
    [
      [2, 0],
      [1, 3],
    ],
  );
  assert.equal(sumOf([]), undefined);
});

test("bounds are written as Go writes them", () => {
  const bounds = [0, 0.00205, 0.0001, 0.00005, 1, 3600, 524288, 1e6, 1048576, 1073741824];
  const texts = ["0", "0.00205", "0.0001", "5e-05", "1", "3600", "524288", "1e+06", "1.048576e+06", "1.073741824e+09"];
  assert.deepEqual(bounds.map(boundText), texts);
});

test("a metric may show some of the bounds: buckets count all that is not above them", async () => {
  const registry = new Registry();
  const distribution = of([1, 2, 5], 0.5, 1.5, 3, 9);
  const head = { name: "waits", help: "Waits.", labelNames: ["pool"], bounds: [2] };
  registerDistributions(registry, head, () => [[{ pool: "a" }, distribution]]);
  assert.deepEqual((await registry.metrics()).trimEnd().split("\n"), [
    "# HELP waits Waits.",
    "# TYPE waits histogram",
    'waits_bucket{le="2",pool="a"} 2',
    'waits_bucket{le="+Inf",pool="a"} 4',
    'waits_sum{pool="a"} 14',
    'waits_count{pool="a"} 4',
  ]);
});
