// Pearson's chi-square test: whether counts could have come from a distribution.

/** ln(gamma(halves / 2)), exact but for rounding, from gamma(1/2), gamma(1) and gamma(x + 1) = x gamma(x). */
function logGammaOfHalves(halves: number): number {
  let sum = halves % 2 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let x = halves % 2 === 0 ? 1 : 0.5; x < halves / 2; x++) sum += Math.log(x);
  return sum;
}

/**
 * The regularised upper incomplete gamma function Q(halves / 2, x), for whole `halves` of 1 or more and x of 0 or more:
 * by its series below halves / 2 + 1, by its continued fraction above (Abramowitz and Stegun 6.5.29 and 6.5.31, the
 * fraction evaluated by Lentz's method).
 */
export function upperGamma(halves: number, x: number): number {
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  const a = halves / 2;
  const scale = Math.exp(a * Math.log(x) - x - logGammaOfHalves(halves));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * Number.EPSILON; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - scale * sum;
  }
  let b = x + 1 - a;
  let c = Number.POSITIVE_INFINITY;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1, change = 0; Math.abs(change - 1) > Number.EPSILON; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    change = c * d;
    fraction *= change;
  }
  return scale * fraction;
}

/** Sum of (observed - expected)^2 / expected. Infinite where something was observed of which nothing is expected. */
export function chiSquare(observed: readonly number[], expected: readonly number[]): number {
  return observed.reduce((sum, count, index) => {
    const wanted = expected[index]!;
    return sum + (count === wanted ? 0 : (count - wanted) ** 2 / wanted);
  }, 0);
}

/** Probability of a statistic at least so large, with so many degrees of freedom; 1 with none. */
export function pValue(statistic: number, degrees: number): number {
  if (degrees === 0) return statistic > 0 ? 0 : 1;
  return upperGamma(degrees, statistic / 2);
}

/**
 * Probability of counts at least so far from what the probabilities, of sum 1, lead one to expect. Outcomes of which
 * fewer than 5 are expected are taken together, from the rarest on, since the test does not hold for them one by one;
 * an outcome of probability 0 that has come up gives 0.
 */
export function goodnessOfFit(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const outcomes = counts.map((count, index) => ({ observed: count, expected: probabilities[index]! * total }));
  if (outcomes.some(({ observed, expected }) => expected === 0 && observed > 0)) return 0;
  const possible = outcomes.filter(({ expected }) => expected > 0).sort((a, b) => a.expected - b.expected);
  const groups: { observed: number; expected: number }[] = [];
  for (const { observed, expected } of possible) {
    const last = groups.at(-1);
    if (last !== undefined && last.expected < 5) {
      last.observed += observed;
      last.expected += expected;
    } else groups.push({ observed, expected });
  }
  if (groups.length > 1 && groups.at(-1)!.expected < 5) {
    const { observed, expected } = groups.pop()!;
    const last = groups.at(-1)!;
    last.observed += observed;
    last.expected += expected;
  }
  const statistic = chiSquare(
    groups.map(({ observed }) => observed),
    groups.map(({ expected }) => expected),
  );
  return groups.length < 2 ? 1 : pValue(statistic, groups.length - 1);
}
