/**
 * A seeded stream of numbers in [0, 1), by the mulberry32 generator (Tommy Ettinger, public domain). The same seed
 * gives the same stream everywhere. Only the seed's low 32 bits count.
 */
export function createRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
