/**
 * 2 to the power of x, to 15 digits, and exactly where x is whole: for what halves with time. The library's power of
 * any number would be 1 KB of the module. Below 2^-1022 it is 0.
 */
export function powerOfTwo(x: f64): f64 {
  if (!(x >= -1022)) return 0;
  if (x >= 1023.5) return Infinity;
  const whole = nearest<f64>(x);
  const rest = (x - whole) * Math.LN2;
  let power: f64 = 1; // e to the rest by its series: at most 0.35, so that 14 members are enough
  for (let i: f64 = 13; i > 0; i--) power = 1 + (power * rest) / i;
  return power * reinterpret<f64>(u64(i64(whole) + 1023) << 52);
}
