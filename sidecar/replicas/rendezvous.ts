import { xxh64 } from "../../wire/xxh64.ts";

/**
 * A replica's weight for a target: xxh64 of its number and the target's hash, 8 bytes each, little-endian. The replica
 * with the highest weight owns the target (rendezvous hashing: D. Thaler and C. Ravishankar, 1998): when one comes or
 * goes, only targets of its own change hands.
 */
export function weight(replica: bigint, target: bigint): bigint {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeBigUInt64LE(replica, 0);
  bytes.writeBigUInt64LE(target, 8);
  return xxh64(bytes);
}

/** Whether the first replica comes before the second for a target. */
export function outranks(first: bigint, second: bigint, target: bigint): boolean {
  const [one, two] = [weight(first, target), weight(second, target)];
  return one > two || (one === two && first > second);
}
