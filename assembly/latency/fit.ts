// One linear model, fitted while its observations come. The coefficients minimise
//
//   sum over k of  f^age(k) x w(k) x (y(k) - x(k) . c)^2   +   sum over j of  p(j) x (c(j) - t(j))^2,   c >= 0
//
// over observations k and features j, where w = 1 / expected y, as the spread of a latency grows with it; f is the
// forgetting; and p draws every coefficient to a target t, as STRENGTH observations would. What is kept is not the
// observations but the two sums that they enter: the moments w x y and the Gram matrix w x x'. Sums that decay are
// bounded and stay positive semidefinite for ever, where the covariance of recursive least squares winds up as soon as
// a feature stands still. Each observation is followed by SWEEPS rounds of coordinate descent from the coefficients of
// the last: every step is the exact minimum in one coordinate, so no step size can diverge, and the bound at 0 is part
// of it.
//
// A fit is `dimension` (even) wide and laid out as
//
//   0   f64 count       observations, each forgotten like its sum
//   8   f64 deviation   typical distance of an observation from what was expected, ms
//   16  f64 bias        whether the last few lay above what was expected or below it, -1..1
//   24  unused
//   32  f64[d] moments
//       f64[d][d] Gram matrix
//
// Its d coefficients lie elsewhere, beside those of other fits, for predictions to read.

export const FIT_COUNT: usize = 0;
const DEVIATION: usize = 8;
const BIAS: usize = 16;
const MOMENTS: usize = 32;

const SWEEPS: i32 = 2;
/** Observations that the target of a coefficient weighs as much as: of the parent's or its own, whichever say less. */
const STRENGTH: f64 = 3;
/** The same for the speed of an endpoint, which is 1 where nothing has been observed. */
const SPEED_STRENGTH: f64 = 3;
/** Pull to zero of a fit without a parent: of the intercept, and of other coefficients. */
const INTERCEPT_RIDGE: f64 = 1e-4;
const RIDGE: f64 = 1e-2;

// An observation counts for at most this many times what was expected, or as far off as this many deviations.
const CLIP: f64 = 4;
// Lets a deviation of zero grow, ms.
const LEAST_CLIP: f64 = 1;
const DEVIATION_KEEP: f64 = 0.95;
// The bias spans about seven observations; one this far from what was expected, as a share of it, counts in full. Noise
// seldom gets it past the threshold; beyond, the old is forgotten faster, at a full bias as fast as DRIFT_KEEP.
const FAR: f64 = 0.2;
const BIAS_KEEP: f64 = 0.85;
const BIAS_THRESHOLD: f64 = 0.7;
const DRIFT_KEEP: f64 = 0.8;
/** Sums below this are zero: denormal numbers would make every later observation slow. */
const TINY: f64 = 1e-150;

/** Bytes of a fit. */
@inline
export function fitBytes(dimension: usize): usize {
  return MOMENTS + (dimension << 3) + (dimension * dimension << 3);
}

/** The scalar product of two vectors of f64; both at multiples of 16, `dimension` even. */
@inline
export function dot(a: usize, b: usize, dimension: usize): f64 {
  let sum = f64x2.mul(v128.load(a), v128.load(b));
  for (let i: usize = 16; i < dimension << 3; i += 16) {
    sum = f64x2.add(sum, f64x2.mul(v128.load(a + i), v128.load(b + i)));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * Takes in one observation.
 *
 * @param fit the fit, all zero before the first observation
 * @param coefficients its coefficients, which this sets
 * @param features of the observation: `dimension` numbers, none negative, all finite, the first 1
 * @param observed ms, finite and not negative
 * @param keep forgetting: what is left of an observation's weight after the next
 * @param parent a fit that has taken in the observation already and whose coefficients, scaled to this one's speed,
 *   are this one's target; 0 for none: the target is zero then
 * @param parentCoefficients the parent's; unused where there is none
 */
export function absorb(
  fit: usize,
  coefficients: usize,
  features: usize,
  dimension: usize,
  observed: f64,
  keep: f64,
  parent: usize,
  parentCoefficients: usize,
): void {
  const count = load<f64>(fit, FIT_COUNT);
  let expected = observed;
  if (count > 0) expected = dot(coefficients, features, dimension);
  else if (parent != 0) expected = dot(parentCoefficients, features, dimension);

  const error = observed - expected;
  const direction = min<f64>(max<f64>(error / (FAR * expected + 1e-3), -1), 1);
  const bias = BIAS_KEEP * load<f64>(fit, BIAS) + (1 - BIAS_KEEP) * direction;
  store<f64>(fit, bias, BIAS);
  const drift = parent == 0 ? 0 : max<f64>(abs<f64>(bias) - BIAS_THRESHOLD, 0) / (1 - BIAS_THRESHOLD);
  const left = keep - (keep - DRIFT_KEEP) * drift;

  const deviation = load<f64>(fit, DEVIATION);
  let limit = max<f64>((CLIP - 1) * expected, CLIP * deviation + LEAST_CLIP);
  // What keeps coming is no outlier.
  if (error * bias > 0) limit /= 1.01 - drift;
  const distance = min<f64>(max<f64>(error, -limit), limit);
  store<f64>(fit, DEVIATION_KEEP * deviation + (1 - DEVIATION_KEEP) * abs<f64>(distance), DEVIATION);

  store<f64>(fit, left * count + 1, FIT_COUNT);

  accumulate(fit, features, dimension, left, 1 / max<f64>(expected, 1), expected + distance);
  if (parent == 0) solveAlone(fit, coefficients, dimension);
  else solveTowards(fit, coefficients, dimension, parent, parentCoefficients, count == 0);
}

function accumulate(fit: usize, features: usize, dimension: usize, left: f64, weight: f64, observed: f64): void {
  const bytes = dimension << 3;
  const moments = fit + MOMENTS;
  decay(moments, features, bytes, left, weight * observed);
  let row = moments + bytes;
  for (let i: usize = 0; i < bytes; i += 8) {
    decay(row, features, bytes, left, weight * load<f64>(features + i));
    row += bytes;
  }
}

// row = left x row + by x features
@inline
function decay(row: usize, features: usize, bytes: usize, left: f64, by: f64): void {
  const kept = f64x2.splat(left);
  const factor = f64x2.splat(by);
  const tiny = f64x2.splat(TINY);
  for (let i: usize = 0; i < bytes; i += 16) {
    const sum = f64x2.add(f64x2.mul(kept, v128.load(row + i)), f64x2.mul(factor, v128.load(features + i)));
    // All terms are products of numbers that are not negative, so that sums need no absolute value here.
    v128.store(row + i, v128.andnot(sum, f64x2.lt(sum, tiny)));
  }
}

function solveAlone(fit: usize, coefficients: usize, dimension: usize): void {
  const bytes = dimension << 3;
  // The mean weight: the first feature is 1 in all observations.
  const weight = load<f64>(fit + MOMENTS + bytes) / load<f64>(fit, FIT_COUNT);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let i: usize = 0; i < dimension; i++) {
      descend(fit, coefficients, dimension, i, (i == 0 ? INTERCEPT_RIDGE : RIDGE) * weight, 0);
    }
  }
}

function solveTowards(
  fit: usize,
  coefficients: usize,
  dimension: usize,
  parent: usize,
  parentCoefficients: usize,
  first: bool,
): void {
  const bytes = dimension << 3;
  const gram = fit + MOMENTS + bytes;
  const parentGram = parent + MOMENTS + bytes;
  const perOwn = 1 / load<f64>(fit, FIT_COUNT);
  const perParents = 1 / load<f64>(parent, FIT_COUNT);
  const speed = speedOf(fit, dimension, parentGram, perParents, parentCoefficients);
  if (first) {
    for (let i: usize = 0; i < bytes; i += 8) {
      store<f64>(coefficients + i, speed * load<f64>(parentCoefficients + i));
    }
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (let i: usize = 0; i < dimension; i++) {
      const diagonal = i * bytes + (i << 3);
      const size = min<f64>(load<f64>(parentGram + diagonal) * perParents, load<f64>(gram + diagonal) * perOwn);
      descend(fit, coefficients, dimension, i, STRENGTH * size, speed * load<f64>(parentCoefficients + (i << 3)));
    }
  }
}

// The factor on the parent's coefficients that fits the observations best: (k q + c . m) / (k q + c' G c), where c are
// those coefficients, m and G this fit's moments and Gram matrix, and k q pulls it to 1: k mean observations of the
// parent's.
function speedOf(
  fit: usize,
  dimension: usize,
  parentGram: usize,
  perParents: f64,
  parentCoefficients: usize,
): f64 {
  const bytes = dimension << 3;
  const gram = fit + MOMENTS + bytes;
  let own: f64 = 0;
  let parents: f64 = 0;
  for (let i: usize = 0; i < dimension; i++) {
    const coefficient = load<f64>(parentCoefficients + (i << 3));
    if (coefficient == 0) continue;
    own += coefficient * dot(gram + i * bytes, parentCoefficients, dimension);
    parents += coefficient * dot(parentGram + i * bytes, parentCoefficients, dimension);
  }
  const pull = SPEED_STRENGTH * parents * perParents;
  const denominator = pull + own;
  return denominator > 0 ? (pull + dot(parentCoefficients, fit + MOMENTS, dimension)) / denominator : 1;
}

// Moves one coefficient to the minimum, the others as they are.
@inline
function descend(fit: usize, coefficients: usize, dimension: usize, index: usize, pull: f64, target: f64): void {
  const bytes = dimension << 3;
  const offset = index << 3;
  const row = fit + MOMENTS + bytes + index * bytes;
  const own = load<f64>(row + offset);
  const now = load<f64>(coefficients + offset);
  const denominator = own + pull;
  let next = target;
  if (denominator > 0) {
    const rest = load<f64>(fit + MOMENTS + offset) - (dot(row, coefficients, dimension) - own * now);
    next = max<f64>((rest + pull * target) / denominator, 0);
  }
  store<f64>(coefficients + offset, next);
}
