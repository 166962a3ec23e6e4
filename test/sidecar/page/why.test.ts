import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFilterModule } from "../../../sidecar/filter/module.ts";
import { Why } from "../../../sidecar/page/why.ts";
import { planOf, poolOf, snapshotText } from "../explain/snapshots.ts";

const steps = [{ plugin: "queue-scorer", name: "queue" }, { plugin: "max-score-picker" }];

/** What is said of a pool of two endpoints with so many requests waiting, with flow control. */
function said(waiting: number): Record<string, unknown> {
  const endpoints = ["10.0.0.1:8000", "10.0.0.2:8000"].map((address) => ({ address, waiting }));
  const plan = planOf(steps, { admission: { flowControl: true } });
  const state = snapshotText({ pools: [poolOf(endpoints, { plan })] });
  const why = new Why(
    loadFilterModule,
    () => state,
    () => "base",
    () => 0,
  );
  return JSON.parse(why.pool("default/base")!);
}

test("a new prompt has a destination where the pool has room, and waits where it is saturated", () => {
  const { explanation, destinations, refusal } = said(0);
  assert.deepEqual([(explanation as { profiles: unknown[] }).profiles.length, refusal], [1, null]);
  assert.equal((destinations as string[]).length, 1);
  assert.deepEqual(said(50), {
    explanation: null,
    destinations: [],
    refusal: "It would wait: the pool is saturated, or others wait before it.",
  });
});
