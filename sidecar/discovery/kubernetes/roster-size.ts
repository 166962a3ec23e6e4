import { encodeRoster } from "../../../wire/encode.ts";
import { ENDPOINT_BYTES, LABEL_BYTES, MAX_FRAME_BYTES, ROSTER_BYTES } from "../../../wire/layout.ts";
import type { Endpoint } from "../../../wire/model.ts";

type Labels = Endpoint["labels"];

/** Bytes of labels in a frame where no text of them is shared; pods of one template have the same object. */
const sizes = new WeakMap<Labels, number>();

function labelBytes(labels: Labels): number {
  let bytes = sizes.get(labels);
  if (bytes === undefined) {
    bytes = 0;
    for (const [key, value] of Object.entries(labels)) {
      bytes += LABEL_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value);
    }
    sizes.set(labels, bytes);
  }
  return bytes;
}

/**
 * Why a pool's roster does not fit a frame; undefined where it does. A frame stores equal texts once, so a sum that
 * fits is enough, and cheap; only where it does not, the roster is encoded.
 */
export function rosterProblem(pool: string, endpoints: readonly Endpoint[]): string | undefined {
  let bytes = ROSTER_BYTES + Buffer.byteLength(pool);
  for (const { address, name, zone, labels } of endpoints) {
    bytes += ENDPOINT_BYTES + address.length + Buffer.byteLength(name) + Buffer.byteLength(zone) + labelBytes(labels);
  }
  if (bytes <= MAX_FRAME_BYTES) return undefined;
  try {
    encodeRoster({ pool, epoch: 0n, endpoints });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
