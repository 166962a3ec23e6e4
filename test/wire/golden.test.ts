import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUp } from "../../wire/decode.ts";
import { decodeObserved } from "../../wire/decode-observed.ts";
import { decodeSpent } from "../../wire/decode-spent.ts";
import { WIRE_VERSION } from "../../wire/layout.ts";
import { goldenFrame, readFrames, toLines } from "./golden-files.ts";
import { ACK, FLIGHT, GOLDEN_FRAMES, HELLO, JOURNAL, OBSERVED, SPENT, WANT } from "./golden-frames.ts";

const RULE =
  `The bytes of a frame have changed. A reader accepts exactly its own version, so raise WIRE_VERSION ` +
  `(now ${WIRE_VERSION}) in wire/layout.ts, tell wire/FORMAT.md, and write the vectors anew: ` +
  `node test/wire/write-golden.ts`;

test("every golden frame has its object, and every object its frame", () => {
  assert.deepEqual(Object.keys(readFrames()).sort(), Object.keys(GOLDEN_FRAMES).sort());
});

for (const [name, encode] of Object.entries(GOLDEN_FRAMES)) {
  test(`encoding ${name} gives its golden bytes`, () => {
    assert.deepEqual(toLines(encode()), readFrames()[name], `${name}: ${RULE}`);
  });
}

test("the golden frames carry this version", () => {
  for (const name of Object.keys(GOLDEN_FRAMES)) {
    assert.equal(new DataView(goldenFrame(name).buffer).getUint16(4, true), WIRE_VERSION, name);
  }
});

test("the frames of the up direction decode to their objects", () => {
  assert.deepEqual(decodeUp(goldenFrame("hello")), { kind: "hello", hello: HELLO });
  assert.deepEqual(decodeUp(goldenFrame("ack")), { kind: "ack", ack: ACK });
  assert.deepEqual(decodeUp(goldenFrame("want")), { kind: "want", want: WANT });
  assert.deepEqual(decodeUp(goldenFrame("flight")), { kind: "flight", flight: FLIGHT });
  const bytes = goldenFrame("journal");
  assert.deepEqual(decodeUp(bytes), { kind: "journal", owner: JOURNAL.owner, records: 4, bytes });
  assert.deepEqual(decodeObserved(goldenFrame("observed")), OBSERVED);
  assert.deepEqual(decodeSpent(goldenFrame("spent")), SPENT);
});
