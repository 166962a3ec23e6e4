/** Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const present = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (last[column] as number) + 1,
        (present[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] as number) + 1);
      }
      present.push(cost);
    }
    beforeLast = last;
    last = present;
  }
  return last[b.length] as number;
}

/** The known name that was probably meant; undefined where none is near, one third of its letters wrong at most. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // A name far longer than any known one needs no measuring.
  if (name.length > 64) return undefined;
  const asked = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const found = distance(asked, candidate.toLowerCase());
    if (found < bestDistance && found <= Math.max(1, Math.floor(candidate.length / 3))) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}
