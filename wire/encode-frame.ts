// What every frame is made with: its header, and the checks of what goes into its fields.

import * as L from "./layout.ts";
import { nameKey } from "./name-key.ts";

/** Thrown where a value does not fit its field: a mistake of the caller, never of input from outside. */
export class EncodeError extends RangeError {}

/** The value, an integer from min to max. @throws EncodeError */
export function check(what: string, value: number, max: number, min = 0): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new EncodeError(`${what} is ${value}, must be an integer from ${min} to ${max}`);
  }
  return value;
}

/** The value, an integer of at least min that a u64 holds. @throws EncodeError */
export function checkBytes(what: string, value: bigint, min: bigint): bigint {
  if (value < min || value >= 1n << 64n) {
    throw new EncodeError(`${what} is ${value}, must be an integer from ${min} to 2^64 - 1`);
  }
  return value;
}

/** The value, finite and above 0. @throws EncodeError */
export function above0(what: string, value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) throw new EncodeError(`${what} is ${value}, must be finite and above 0`);
  return value;
}

/** The value, neither infinite nor NaN. @throws EncodeError */
export function finite(what: string, value: number): number {
  if (!Number.isFinite(value)) throw new EncodeError(`${what} is ${value}, must be finite`);
  return value;
}

const FRAME_NAMES = new Map([
  [L.KIND_ROSTER, "roster"],
  [L.KIND_LOAD, "load"],
  [L.KIND_PLAN, "plan"],
  [L.KIND_POLICY, "policies"],
]);

/** A frame of so many bytes with its header. @throws EncodeError where it would be longer than MAX_FRAME_BYTES. */
export function frame(kind: number, bytes: number, pool = "", epoch = 0n): { bytes: Uint8Array; view: DataView } {
  if (bytes > L.MAX_FRAME_BYTES) {
    const what = `the ${FRAME_NAMES.get(kind) ?? "frame"}${pool === "" ? "" : ` of pool ${pool}`}`;
    throw new EncodeError(`${what} would have ${bytes} bytes, a frame has at most ${L.MAX_FRAME_BYTES}`);
  }
  const buffer = new Uint8Array(bytes);
  const view = new DataView(buffer.buffer);
  view.setUint32(L.HEADER_MAGIC, L.FRAME_MAGIC, true);
  view.setUint16(L.HEADER_VERSION, L.WIRE_VERSION, true);
  view.setUint16(L.HEADER_KIND, kind, true);
  view.setUint32(L.HEADER_LENGTH, bytes, true);
  view.setBigUint64(L.HEADER_POOL, pool === "" ? 0n : nameKey(pool), true);
  view.setBigUint64(L.HEADER_EPOCH, epoch, true);
  return { bytes: buffer, view };
}
