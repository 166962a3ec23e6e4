/** Where two lists differ: outside of these items they have the same ones, in the same order. */
export interface Span {
  /** Index of the first item that differs, in both. */
  readonly start: number;
  /** Behind the last one, in the list before and in the list after. */
  readonly endBefore: number;
  readonly endAfter: number;
}

/** The span in which two lists differ, by the identity of their items. */
export function differingSpan(before: readonly unknown[], after: readonly unknown[]): Span {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let endBefore = before.length;
  let endAfter = after.length;
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--;
    endAfter--;
  }
  return { start, endBefore, endAfter };
}
