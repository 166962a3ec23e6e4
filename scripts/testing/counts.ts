import { stripVTControlCharacters } from "node:util";

/** How many tests ended in which way. */
export type Counts = { passed: number; failed: number; skipped: number };

export const NONE: Counts = Object.freeze({ passed: 0, failed: 0, skipped: 0 });

/** Both together. */
export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** "12 passed, 0 failed", and how many were skipped if any were. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Reads the summary that as-pect prints at its end, in colours even to a file; null where there is none. */
export function readAspectSummary(coloured: readonly string[]): Counts | null {
  const lines = coloured.map(stripVTControlCharacters);
  const summary = lines.findLastIndex((line) => line.trim() === "[Summary]");
  const found = /\[Tests\]: (\d+) \/ (\d+)/.exec(summary < 0 ? "" : (lines[summary + 1] ?? ""));
  if (found === null) return null;
  const [passed, all] = [Number(found[1]), Number(found[2])];
  return { passed, failed: all - passed, skipped: 0 };
}
