import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameMender } from "../../../sidecar/http2/frame-mender.ts";
import { createRandom } from "../../../simulator/random.ts";
import { makeRequest, record } from "./requests.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const [DATA, HEADERS, SETTINGS, CONTINUATION] = [0, 1, 4, 9];
const END_STREAM = 1;
const END_HEADERS = 4;
const PADDED = 8;
const PRIORITY = 32;

function frame(type: number, flags: number, stream: number, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload as string, "latin1");
  const header = Buffer.from([body.length >> 16, body.length >> 8, body.length, type, flags, 0, 0, 0, stream]);
  return Buffer.concat([header, body]);
}

const BEGIN = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, "")]);
const AUTHORITY = "\x41\x05ab|cd";
const MENDED = "\x41\x05ab_cd";

/** What comes out after the connection's begin, whole and byte by byte. */
function mend(...frames: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat([BEGIN, ...frames]);
  const whole = Buffer.concat(new FrameMender().feed(bytes));
  const mender = new FrameMender();
  const single = Buffer.concat([...bytes].flatMap((byte) => mender.feed(Buffer.from([byte]))));
  assert.deepEqual(single, whole, "byte by byte");
  assert.deepEqual(whole.subarray(0, BEGIN.length), BEGIN);
  return whole.subarray(BEGIN.length);
}

test("a client's bytes in any pieces", async () => {
  const random = createRandom(7);
  const requests = Array.from({ length: 100 }, () => makeRequest(random));
  const bytes = await record(requests);
  const whole = Buffer.concat(new FrameMender().feed(bytes));
  assert.ok(bytes.includes("a|b") || bytes.length !== whole.length, "there was something to mend");
  for (const most of [1, 9, 10, 100, 5000]) {
    const mender = new FrameMender();
    const pieces: Buffer[] = [];
    for (let at = 0, size: number; at < bytes.length; at += size) {
      size = 1 + Math.floor(random() * most);
      pieces.push(...mender.feed(bytes.subarray(at, at + size)));
    }
    assert.ok(Buffer.concat(pieces).equals(whole), `pieces of up to ${most}`);
  }
});

test("what needs nothing passes as it came, padded, with priorities, in parts", () => {
  const frames = [
    frame(HEADERS, END_HEADERS, 1, `\x82${MENDED}\x84`),
    frame(HEADERS, PADDED | PRIORITY | END_STREAM, 3, "\x02\0\0\0\0\x10\x82\x84\0\0"),
    frame(CONTINUATION, 0, 3, ""),
    frame(CONTINUATION, END_HEADERS, 3, "\x86\xbe"),
    frame(DATA, PADDED, 1, "\x01a|b\0"),
    frame(0xfa, 0xff, 1, `\x82${AUTHORITY}`),
  ];
  assert.deepEqual(mend(...frames), Buffer.concat(frames));
  const [passed] = new FrameMender().feed(Buffer.concat([BEGIN, ...frames]));
  assert.equal(passed?.length, Buffer.concat([BEGIN, ...frames]).length, "in one piece");
});

test("mended HEADERS have their flags, priority and stream, and no padding", () => {
  const after = frame(DATA, END_STREAM, 5, "a|b");
  const cases = [
    [[frame(HEADERS, END_HEADERS, 5, `\x82${AUTHORITY}`)], frame(HEADERS, END_HEADERS, 5, `\x82${MENDED}`)],
    [
      [frame(HEADERS, END_HEADERS | END_STREAM | PADDED | PRIORITY, 5, `\x03\x80\0\0\x01\x07\x82${AUTHORITY}\0\0\0`)],
      frame(HEADERS, END_HEADERS | END_STREAM | PRIORITY, 5, `\x80\0\0\x01\x07\x82${MENDED}`),
    ],
    [
      [
        frame(HEADERS, END_STREAM, 5, "\x82\x41"),
        frame(CONTINUATION, 0, 5, "\x05ab"),
        frame(CONTINUATION, END_HEADERS, 5, "|cd"),
      ],
      frame(HEADERS, END_HEADERS | END_STREAM, 5, `\x82${MENDED}`),
    ],
  ] as const;
  for (const [sent, mended] of cases) assert.deepEqual(mend(...sent, after), Buffer.concat([mended, after]));
});

test("a block that is longer than a frame goes on in others", () => {
  // A value of 20,000 bytes: 127 and 19,873, which is 155 * 128 + 33.
  const value = `\x00\x01x\x7f\xa1\x9b\x01${"v".repeat(20_000)}`;
  const [sent, mended] = [AUTHORITY + value, MENDED + value];
  assert.deepEqual(
    mend(
      frame(HEADERS, PRIORITY, 1, `\0\0\0\0\x01${sent.slice(0, 10_000)}`),
      frame(CONTINUATION, END_HEADERS, 1, sent.slice(10_000)),
    ),
    Buffer.concat([
      frame(HEADERS, PRIORITY, 1, `\0\0\0\0\x01${mended.slice(0, 16_379)}`),
      frame(CONTINUATION, END_HEADERS, 1, mended.slice(16_379)),
    ]),
  );
});

test("who breaks the protocol is not mended any more, and the server sees why", () => {
  const next = frame(HEADERS, END_HEADERS, 7, AUTHORITY);
  const broken = {
    "no block": [frame(HEADERS, END_HEADERS, 1, "\x41\x7f")],
    "another frame in between": [frame(HEADERS, 0, 1, "\x82"), frame(DATA, 0, 1, "")],
    "another stream's continuation": [frame(HEADERS, 0, 1, "\x82"), frame(CONTINUATION, END_HEADERS, 3, "")],
    "more padding than frame": [frame(HEADERS, END_HEADERS | PADDED, 1, "\x05abcd")],
    "no room for a priority": [frame(HEADERS, END_HEADERS | PRIORITY, 1, "abcd")],
    "an empty padded frame": [frame(HEADERS, END_HEADERS | PADDED, 1, "")],
    "a frame that is too long": [frame(HEADERS, END_HEADERS, 1, "\x82".repeat(16_385))],
    "a flood of continuations": [
      frame(HEADERS, 0, 1, ""),
      ...Array.from({ length: 9 }, () => frame(CONTINUATION, 0, 1, "")),
    ],
    "a flood of fields": [
      frame(HEADERS, 0, 1, "\x82".repeat(16_384)),
      ...Array.from({ length: 4 }, () => frame(CONTINUATION, 0, 1, "\x82".repeat(16_384))),
    ],
  };
  for (const [what, frames] of Object.entries(broken)) {
    assert.ok(mend(...frames, next).equals(Buffer.concat([...frames, next])), what);
  }
});

test("what is held back of a block that never ends is bounded", () => {
  const mender = new FrameMender();
  mender.feed(BEGIN);
  mender.feed(frame(HEADERS, 0, 1, ""));
  const full = frame(CONTINUATION, 0, 1, "\x82".repeat(16_384));
  const passed = Array.from({ length: 4 }, () => Buffer.concat(mender.feed(full)).length);
  assert.deepEqual(passed.slice(0, 3), [0, 0, 0]);
  assert.equal(passed[3], 9 + 4 * full.length);
});
