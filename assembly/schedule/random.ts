// xoroshiro128+, Blackman and Vigna, https://prng.di.unimi.it/xoroshiro128plus.c: fast, and good enough to break ties.

let a: u64 = 0x9e3779b97f4a7c15;
let b: u64 = 0xbf58476d1ce4e5b9;

/** Starts the sequence anew; equal seeds give equal sequences. */
export function seedRandom(seed: u64): void {
  a = split(seed);
  b = split(seed + 0x9e3779b97f4a7c15);
}

// One round of splitmix64, so that poor seeds do not show.
function split(seed: u64): u64 {
  let z = seed + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/** The next 64 bits. */
export function randomBits(): u64 {
  const result = a + b;
  const c = b ^ a;
  a = rotl<u64>(a, 24) ^ c ^ (c << 16);
  b = rotl<u64>(c, 37);
  return result;
}

/** A number from 0 to below `bound`, which is not 0. Multiply-shift: its bias, 2^-32 x bound, cannot matter here. */
export function randomBelow(bound: u32): u32 {
  return u32(((randomBits() >> 32) * u64(bound)) >> 32);
}

/** A number above 0, up to and including 1, in steps of 2^-53: never 0, so that its logarithm is finite. */
export function randomUnit(): f64 {
  return f64((randomBits() >> 11) + 1) * (1.0 / 9007199254740992.0);
}
