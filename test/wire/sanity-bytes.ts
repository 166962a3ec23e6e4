// The input of xxHash's own self-test, so that its published results apply:
// https://github.com/Cyan4973/xxHash/blob/dev/cli/xsum_sanity_check.c

const PRIME32 = 2654435761n;
const PRIME64 = 11400714785074694797n;

/** Seeds of the self-test. */
export const SEEDS: readonly bigint[] = [0n, PRIME32];

/** The first `length` bytes of the self-test's buffer. */
export function sanityBytes(length: number): Uint8Array {
  let state = PRIME32;
  return Uint8Array.from({ length }, () => {
    const byte = Number(state >> 56n);
    state = BigInt.asUintN(64, state * PRIME64);
    return byte;
  });
}
