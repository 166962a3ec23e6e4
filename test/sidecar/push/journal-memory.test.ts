import assert from "node:assert/strict";
import { test } from "node:test";
import { JournalMemory } from "../../../sidecar/push/journal-memory.ts";
import { decodeUp } from "../../../wire/decode.ts";
import { encodeJournal } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";
import { held, heldBlocks } from "./records.ts";

/** A frame of one record of so many blocks that begin with `first`: 72 bytes and 8 for each. */
function frame(first: number, blocks = 1): Uint8Array {
  return encodeJournal({ owner: 5n, first: 77n, records: [held(1n, first, blocks)] });
}

test("a frame goes to everybody but its sender, with no owner and its records as they are", () => {
  const memory = new JournalMemory();
  const original = frame(10, 3);
  memory.add(1, original, 1);
  assert.deepEqual(memory.take(0, 1, 1000), { frame: undefined, next: 1 });
  const taken = memory.take(0, 2, 1000);
  assert.equal(taken?.next, 1);
  assert.deepEqual(taken?.frame, encodeJournal({ owner: 0n, first: 77n, records: [held(1n, 10, 3)] }));
  assert.equal(new DataView(original.buffer).getBigUint64(L.JOURNAL_OWNER, true), 5n, "what came is left as it came");
  assert.equal(memory.take(1, 2, 1000), undefined);
});

test("what stands around a frame in the transport's buffer is left alone", () => {
  const memory = new JournalMemory();
  const around = Buffer.alloc(1000, 0xee);
  const original = frame(10);
  around.set(original, 500);
  memory.add(1, around.subarray(500, 500 + original.length), 1);
  assert.ok(around.subarray(0, 500).every((byte) => byte === 0xee));
  around.fill(0);
  assert.deepEqual(heldBlocks(memory.take(0, 2, 1000)?.frame ?? new Uint8Array()), [10n]);
});

test("frames that wait together become one, up to the bytes asked for", () => {
  const memory = new JournalMemory();
  for (let i = 0; i < 6; i++) memory.add(i === 2 ? 9 : 1, frame(i), 1);
  const all = memory.take(0, 9, 100_000);
  assert.ok(all?.frame);
  assert.deepEqual(heldBlocks(all.frame), [0n, 1n, 3n, 4n, 5n]);
  const read = decodeUp(all.frame);
  assert.ok(read.kind === "journal" && read.records === 5);
  assert.equal(all.next, 6);

  const two = memory.take(0, 9, 2 * 80);
  assert.deepEqual(heldBlocks(two?.frame ?? new Uint8Array()), [0n, 1n]);
  assert.equal(two?.next, 3, "its own third is passed over");
  const atLeastOne = memory.take(3, 9, 1);
  assert.deepEqual(heldBlocks(atLeastOne?.frame ?? new Uint8Array()), [3n]);
  assert.equal(atLeastOne?.next, 4);
});

test("the oldest go when there are too many bytes, and positions stand", () => {
  const memory = new JournalMemory(80 * 100);
  for (let i = 0; i < 5000; i++) {
    memory.add(1, frame(i), 1);
    assert.ok(memory.bytes <= 80 * 100);
  }
  assert.equal(memory.next, 5000);
  assert.equal(memory.first, 4900);
  assert.deepEqual(heldBlocks(memory.take(4999, 2, 100)?.frame ?? new Uint8Array()), [4999n]);
  const late = memory.take(17, 2, 3 * 80);
  assert.deepEqual(heldBlocks(late?.frame ?? new Uint8Array()), [4900n, 4901n, 4902n]);
  assert.equal(late?.next, 4903);
});
