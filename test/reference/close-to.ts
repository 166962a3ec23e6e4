import assert from "node:assert/strict";

/** Asserts that two lists agree, number by number, within 1e-9. */
export function assertClose(actual: readonly number[], expected: readonly number[], message?: string): void {
  const same =
    actual.length === expected.length && actual.every((value, index) => Math.abs(value - expected[index]!) < 1e-9);
  assert.ok(same, `${message ?? "lists"}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
}
