// Every picker, as the exact distribution of its first pick: given the totals of the candidates, each one's probability
// to be picked first.

/** `random-picker`: all alike, whatever their totals. */
export function randomFirst(totals: readonly number[]): number[] {
  return totals.map(() => 1 / totals.length);
}

/** `max-score-picker`: one of those with the highest total, all alike. */
export function maxScoreFirst(totals: readonly number[]): number[] {
  const highest = Math.max(...totals);
  const best = totals.filter((total) => total === highest).length;
  return totals.map((total) => (total === highest ? 1 / best : 0));
}

/**
 * `weighted-random-picker`: in proportion to the totals; all alike where none is above 0.
 *
 * The picker takes the greatest key U^(1/w), with U uniform in 0..1. Its logarithm is -E/w with E exponential, so the
 * greatest key belongs to the first of independent clocks with rates w, which is clock i with probability w_i / sum w
 * (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006).
 */
export function weightedRandomFirst(totals: readonly number[]): number[] {
  const weights = totals.map((total) => Math.max(total, 0));
  const sum = weights.reduce((before, weight) => before + weight, 0);
  return sum > 0 ? weights.map((weight) => weight / sum) : randomFirst(totals);
}

/**
 * Whether a total lies below the highest by no more than `tolerance`, but not level with it: another order of the same
 * additions could then find another best, and who compares picks should leave the case out.
 */
export function isNearTie(totals: readonly number[], tolerance: number): boolean {
  const highest = Math.max(...totals);
  return totals.some((total) => total < highest && highest - total <= tolerance);
}
