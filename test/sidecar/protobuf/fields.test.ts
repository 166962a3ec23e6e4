import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytes,
  contentsOf,
  edited,
  extended,
  fieldsOf,
  has,
  joined,
  message,
  messageIn,
  textIn,
  varint,
  without,
} from "../../../sidecar/protobuf/fields.ts";

/** "0a 03 61 62 63" as bytes. */
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");
const show = (made: Uint8Array): string =>
  Buffer.from(made)
    .toString("hex")
    .replaceAll(/(..)(?=.)/g, "$1 ");

test("fields are written as protobuf's own examples have them", () => {
  assert.equal(show(varint(1, 150)), "08 96 01");
  assert.equal(show(bytes(2, "testing")), "12 07 74 65 73 74 69 6e 67");
  assert.equal(show(message(3, varint(1, 150))), "1a 03 08 96 01");
  assert.equal(show(message(3)), "1a 00");
  assert.equal(show(varint(2047, 0)), "f8 7f 00");
  assert.equal(show(varint(1, 2 ** 53 - 1)), "08 ff ff ff ff ff ff ff 0f");
  assert.equal(show(bytes(1, new Uint8Array(300)).subarray(0, 3)), "0a ac 02");
});

test("every kind of field is read and kept as it is", () => {
  // A number, a negative one of ten bytes, 8 bytes, a text, 4 bytes, and a field with a number above 2^14.
  const all = hex(
    "08 96 01 10 ff ff ff ff ff ff ff ff ff 01 19 01 02 03 04 05 06 07 08 22 03 61 62 63 2d 01 02 03 04 82 80 08 01 7a",
  );
  const fields = fieldsOf(all);
  assert.deepEqual(
    fields.map(({ number }) => number),
    [1, 2, 3, 4, 5, 16_384],
  );
  assert.deepEqual(Buffer.from(joined(...fields.map(({ whole }) => whole))), all);
  assert.deepEqual(
    fields.map(({ content }) => content && Buffer.from(content).toString()),
    [undefined, undefined, undefined, "abc", undefined, "z"],
  );
  assert.equal(textIn(all, 4), "abc");
  assert.equal(textIn(all, 9), "");
  assert.ok(has(all, 3) && !has(all, 6));
  assert.equal(show(without(all, 2, 3, 16_384)), "08 96 01 22 03 61 62 63 2d 01 02 03 04");
  assert.equal(show(without(hex("08 01"), 1)), "");
});

test("of a field that stands there twice the last text counts, messages count together", () => {
  const twice = joined(bytes(1, "a"), varint(2, 1), bytes(1, "b"));
  assert.equal(textIn(twice, 1), "b");
  assert.equal(contentsOf(twice, 1).length, 2);
  assert.equal(show(messageIn(joined(message(1, varint(1, 1)), message(1, varint(2, 2))), 1)!), "08 01 10 02");
  assert.equal(messageIn(twice, 3), undefined);
});

test("a message within is edited in its place, or added", () => {
  const outer = joined(bytes(1, "x"), message(2, varint(1, 1)), varint(3, 7), message(2, varint(1, 2)));
  const both = edited(outer, 2, (content) => joined(content, varint(5, 5)));
  assert.equal(show(both), "0a 01 78 12 04 08 01 28 05 18 07 12 04 08 02 28 05");
  assert.equal(show(edited(outer, 4, () => bytes(9, "never"))), show(outer));
  assert.equal(show(extended(message(2, varint(1, 1)), 2, varint(4, 4))), "12 04 08 01 20 04");
  assert.equal(show(extended(bytes(1, "x"), 2, varint(4, 4))), "0a 01 78 12 02 20 04");
});

for (const [what, text, error] of [
  ["a text that ends behind the message", "0a 05 61", /ends behind/],
  ["a number that does", "08 80", /ends behind/],
  ["a tag that does", "80", /ends behind/],
  ["a length that does", "0a 80", /ends behind/],
  ["8 bytes that do", "09 01", /ends behind/],
  ["4 bytes that do", "0d 01", /ends behind/],
  ["a group of proto2", "0b 0c", /wire type 3/],
  ["a number of eleven bytes", "08 ff ff ff ff ff ff ff ff ff ff 01", /more than 10 bytes/],
  ["a length beyond all memory", "0a ff ff ff ff ff ff ff ff 7f", /ends behind/],
] as const) {
  test(`${what} is refused`, () => {
    assert.throws(() => fieldsOf(hex(text)), error);
    assert.throws(() => fieldsOf(hex(text)), RangeError);
  });
}
