import assert from "node:assert/strict";
import { test } from "node:test";
import protobuf from "protobufjs/minimal.js";
import { ProtoReader } from "../../../sidecar/protobuf/reader.ts";
import { BYTES, FIXED32, FIXED64, VARINT } from "../../../sidecar/protobuf/wire.ts";
import { ProtoWriter } from "../../../sidecar/protobuf/writer.ts";

const NUMBERS = [0, 1, 127, 128, 300, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 45 + 3, Number.MAX_SAFE_INTEGER];
const LENGTHS = [0, 1, 127, 128, 5000, 20_000];

test("what is written, a library reads", () => {
  for (const value of NUMBERS) {
    for (const length of LENGTHS) {
      const text = "é".repeat(length);
      const writer = new ProtoWriter(16);
      writer.text(2, text).number(1, value).nested(500, 0).data(3, Buffer.alloc(length, 7));
      const bytes = writer.finish(5).subarray(5);
      const reader = protobuf.Reader.create(bytes);
      assert.equal(reader.uint32(), (3 << 3) | BYTES);
      assert.deepEqual(Buffer.from(reader.bytes()), Buffer.alloc(length, 7));
      assert.equal(reader.uint32(), (500 << 3) | BYTES);
      const end = reader.uint32() + reader.pos;
      assert.equal(reader.uint32(), (1 << 3) | VARINT);
      assert.equal(Number(reader.uint64()), value);
      assert.equal(reader.uint32(), (2 << 3) | BYTES);
      assert.equal(reader.string(), text);
      assert.deepEqual([reader.pos, reader.len], [end, end]);
    }
  }
});

test("what a library writes, is read; what nobody asks for is passed over", () => {
  for (const value of NUMBERS) {
    const writer = protobuf.Writer.create();
    writer.uint32((9 << 3) | FIXED64).double(1.5);
    writer.uint32((4 << 3) | VARINT).uint64(value);
    writer.uint32((9 << 3) | FIXED32).float(1.5);
    writer
      .uint32((7 << 3) | BYTES)
      .fork()
      .uint32((1 << 3) | BYTES)
      .string("inner")
      .uint32((2 << 3) | VARINT)
      .uint32(5)
      .ldelim();
    writer.uint32((6 << 3) | BYTES).string("outer");
    const reader = new ProtoReader(writer.finish());
    const found: unknown[] = [];
    for (let field = reader.next(); field !== 0; field = reader.next()) {
      if (field === 4) {
        found.push(reader.varint());
      } else if (field === 7) {
        const outer = reader.enter();
        assert.equal(reader.next(), 1);
        found.push(reader.text());
        reader.leave(outer); // with a field unread
      } else if (field === 6) {
        found.push(Buffer.from(reader.take()).toString());
      } else {
        reader.skip();
      }
    }
    assert.deepEqual(found, [value, "inner", "outer"]);
  }
});

const BROKEN: readonly (readonly number[])[] = [
  [0x0a],
  [0x0a, 2, 1],
  [0x0d, 1, 2],
  [0x09, 1],
  [0x08],
  [0x80],
  [0x0b],
  [0x00],
  [0x07, 0],
  Array(11).fill(0xff),
];
for (const bytes of BROKEN) {
  test(`no message: ${Buffer.from(bytes).toString("hex")}`, () => {
    assert.throws(() => {
      const reader = new ProtoReader(Uint8Array.from(bytes));
      while (reader.next() !== 0) reader.skip();
    }, RangeError);
  });
}
