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

/** Whether all letters of `short` stand in `long` in their order, the first one first. */
function abbreviates(short: string, long: string): boolean {
  if (short[0] !== long[0]) return false;
  let found = 0;
  for (const letter of long) if (letter === short[found]) found++;
  return found === short.length;
}

/** How many letters of a known name may be wrong: a third of them, or half where they are only left out. */
function tolerance(asked: string, candidate: string): number {
  return Math.max(1, Math.floor(candidate.length / (abbreviates(asked, candidate) ? 2 : 3)));
}

/** The known name that was probably meant; undefined where none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  // A name far longer than any known one needs no measuring.
  if (name.length > 64) return undefined;
  const asked = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const found = distance(asked, candidate.toLowerCase());
    if (found < bestDistance && found <= tolerance(asked, candidate.toLowerCase())) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}
