// Snapshots made by hand, for tests.

import { readSnapshot } from "../../../sidecar/explain/read-snapshot.ts";
import type { Snapshot, SnapshotPool } from "../../../sidecar/explain/snapshot.ts";

/** A snapshot's JSON text. */
export function snapshotText(fields: Record<string, unknown>): string {
  return JSON.stringify({ version: 1, ...fields });
}

/** One pool, default/base, as its JSON has it. */
export function poolOf(endpoints: readonly object[], fields: Record<string, unknown> = {}): object {
  return { name: "default/base", endpoints, ...fields };
}

/** A snapshot of one pool, read. */
export function snapshotOf(
  endpoints: readonly object[],
  fields: Record<string, unknown> = {},
): Snapshot & { readonly pool: SnapshotPool } {
  const snapshot = readSnapshot(snapshotText({ pools: [poolOf(endpoints, fields)] }), "the test");
  return { ...snapshot, pool: snapshot.pools[0]! };
}

/** A plan of one profile, `default`. */
export function planOf(steps: readonly object[], settings: Record<string, unknown> = {}): object {
  return { profiles: [{ name: "default", steps }], settings };
}

/**
 * Three endpoints in zone a and one in zone b, and a plan whose figures are worked out by hand:
 *
 *   zone-a keeps the first three; queue x 2 has waiting 0, 4, 1 of 0..4, so 1, 0, 0.75; kv x 1 is 1 - use;
 *   totals 2 + 0.75 = 2.75, 0 + 0.5 = 0.5 and 1.5 + 1 = 2.5
 */
export const WORKED_EXAMPLE = poolOf(
  [
    { address: "10.0.0.1:8000", name: "default/pod-1", labels: { zone: "a" }, kvUsage: 0.25 },
    { address: "10.0.0.2:8000", name: "default/pod-2", labels: { zone: "a" }, waiting: 4, kvUsage: 0.5 },
    { address: "10.0.0.3:8000", name: "default/pod-3", labels: { zone: "a" }, waiting: 1 },
    { address: "10.0.0.4:8000", name: "default/pod-4", labels: { zone: "b" } },
    { address: "10.0.0.5:8000", name: "default/pod-5", labels: { zone: "a" }, ready: false },
  ],
  {
    plan: planOf([
      {
        plugin: "label-selector-filter",
        name: "zone-a",
        terms: [{ key: "zone", operator: "in", values: ["a"] }],
      },
      { plugin: "queue-scorer", name: "queue", weight: 2 },
      { plugin: "kv-cache-utilization-scorer", name: "kv" },
      { plugin: "max-score-picker", parameters: [2] },
    ]),
  },
);
