import { decodeUp } from "../../../wire/decode.ts";
import * as L from "../../../wire/layout.ts";
import type { JournalRecord } from "../../../wire/model.ts";

/** A record of so many blocks whose hashes count up from `first`. */
export function held(endpoint: bigint, first: number, blocks = 1): JournalRecord {
  const values = Array.from({ length: blocks }, (_, index) => BigInt(first + index));
  return { kind: L.RECORD_HELD, endpoint, values };
}

/** First blocks of a JOURNAL's records, in their order. */
export function heldBlocks(frame: Uint8Array): bigint[] {
  const read = decodeUp(frame);
  if (read.kind !== "journal") throw new Error(`a ${read.kind}`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const blocks: bigint[] = [];
  let at = L.JOURNAL_BYTES;
  for (let i = 0; i < read.records; i++) {
    blocks.push(view.getBigUint64(at + L.RECORD_BYTES, true));
    at += L.RECORD_BYTES + view.getUint16(at + L.RECORD_VALUES, true) * 8;
  }
  return blocks;
}
