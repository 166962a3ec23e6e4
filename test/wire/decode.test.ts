import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUp, FrameRefused, refusalName } from "../../wire/decode.ts";
import { encodeAck, encodeHello } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import { changed, goldenFrame, resized } from "./golden-files.ts";
import { ACK, HELLO } from "./golden-frames.ts";

function reasonOf(bytes: Uint8Array): string {
  try {
    decodeUp(bytes);
  } catch (error) {
    if (error instanceof FrameRefused) return refusalName(error.reason);
    throw error;
  }
  return "accepted";
}

test("a frame cut at any length is refused as truncated", () => {
  for (const name of ["hello", "want", "ack"]) {
    const frame = goldenFrame(name);
    for (let length = 0; length < frame.length; length++) {
      assert.equal(reasonOf(frame.subarray(0, length)), "truncated", `${name} cut to ${length}`);
    }
  }
});

test("a frame whose length field was cut along is refused too", () => {
  for (const name of ["hello", "want", "ack"]) {
    const { length } = goldenFrame(name);
    for (let cut = L.HEADER_BYTES; cut < length; cut++) {
      assert.equal(reasonOf(resized(name, cut)), "length", `${name} resized to ${cut}`);
    }
    assert.equal(reasonOf(resized(name, length + 1)), "length", `${name} with a byte too many`);
  }
});

test("each fault has its reason", () => {
  assert.equal(reasonOf(changed("ack", (view) => view.setUint8(0, 0))), "magic");
  assert.equal(
    reasonOf(changed("ack", (view) => view.setUint16(L.HEADER_VERSION, L.WIRE_VERSION + 1, true))),
    "version",
  );
  assert.equal(reasonOf(changed("hello", (view) => view.setUint32(L.HELLO_NODE_LENGTH, 0xffffffff, true))), "length");
  assert.equal(reasonOf(changed("hello", (view) => view.setUint32(L.HELLO_NODE_LENGTH, 257, true))), "length");
  assert.equal(reasonOf(changed("want", (view) => view.setUint32(L.WANT_POOLS, L.MAX_POOLS + 1, true))), "length");
  assert.equal(reasonOf(changed("want", (view) => view.setUint32(L.WANT_FLAGS, 2, true))), "value");
  for (const name of ["roster-three", "load-three", "plan-default", "sync", "gone", "beat"]) {
    assert.equal(reasonOf(goldenFrame(name)), "kind", name);
  }
});

test("a JOURNAL whose records do not add up, or say what no record may, is refused", () => {
  const record = L.JOURNAL_BYTES;
  const third = record + 2 * L.RECORD_BYTES + 3 * 8;
  assert.equal(reasonOf(changed("journal", (view) => view.setUint32(L.JOURNAL_RECORDS, 3, true))), "length");
  assert.equal(reasonOf(changed("journal", (view) => view.setUint32(L.JOURNAL_RECORDS, 2 ** 32 - 1, true))), "length");
  assert.equal(reasonOf(changed("journal", (view) => view.setUint16(record + L.RECORD_VALUES, 65535, true))), "length");
  assert.equal(reasonOf(changed("journal", (view) => view.setUint16(record + L.RECORD_KIND, 5, true))), "value");
  assert.equal(reasonOf(changed("journal", (view) => view.setUint16(third + L.RECORD_KIND, 4, true))), "value");
  assert.equal(reasonOf(changed("journal", (view) => view.setFloat64(third + L.RECORD_BYTES, NaN, true))), "value");
});

test("a frame is read where it lies in a larger buffer", () => {
  const around = new Uint8Array(400);
  const frame = goldenFrame("hello");
  around.set(frame, 13);
  assert.deepEqual(decodeUp(around.subarray(13, 13 + frame.length)), { kind: "hello", hello: HELLO });
});

test("a node id is cut to its limit", () => {
  const { hello } = decodeUp(encodeHello({ gateway: 1n, node: "n".repeat(300) })) as { hello: { node: string } };
  assert.equal(hello.node, "n".repeat(L.HELLO_NODE_MAX));
});

test("an ACK carries its numbers over their whole range", () => {
  const ack = { ...ACK, sequence: 2n ** 64n - 1n, accepted: 2 ** 32 - 1 };
  assert.deepEqual(decodeUp(encodeAck(ack)), { kind: "ack", ack });
});

test("every reason has a name of its own, and others say their number", () => {
  const reasons = Object.entries(L).filter(([name]) => name.startsWith("REFUSED_"));
  const names = reasons.map(([, reason]) => refusalName(reason as number));
  assert.deepEqual(
    names,
    reasons.map(([name]) => name.slice("REFUSED_".length).toLowerCase()),
  );
  assert.equal(refusalName(77), "unknown (77)");
});
