import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeMessage,
  encodeFlightMessage,
  encodeScrapes,
  encodeSign,
  MessageRefused,
  type ScrapeItem,
} from "../../../sidecar/replicas/messages.ts";
import { encodeBeat, encodeFlight } from "../../../wire/encode.ts";
import { WIRE_VERSION } from "../../../wire/layout.ts";

const HEAD = { from: 0x0102030405060708n, sentAt: 1234.5 };

const SIGNALS = {
  waiting: 1,
  running: 2,
  kvUsage: 0.25,
  blockSize: 16,
  blockCount: 1000,
  runningAdapters: ["sql", "grün"],
  waitingAdapters: ["chat"],
  maxAdapters: 4,
};

const ITEMS: readonly ScrapeItem[] = [
  { target: 7n, outcome: "ok", reason: "", sample: { signals: SIGNALS, age: 3.25 } },
  { target: 2n ** 64n - 1n, outcome: "connect", reason: "connect ECONNREFUSED", sample: undefined },
  { target: 9n, outcome: "ok", reason: "", sample: undefined },
];

function refusal(bytes: Uint8Array): string {
  try {
    decodeMessage(bytes);
  } catch (error) {
    if (error instanceof MessageRefused) return error.reason;
    throw error;
  }
  return "accepted";
}

test("a heartbeat is 24 bytes that stand where FORMAT.md says", () => {
  const bytes = encodeSign("heartbeat", HEAD);
  const version = `${WIRE_VERSION.toString(16).padStart(2, "0")}00`;
  assert.equal(bytes.toString("hex"), `49455052${"01"}${"01"}${version}${"0807060504030201"}${"00000000004a9340"}`);
  assert.deepEqual(decodeMessage(bytes), { ...HEAD, kind: "heartbeat" });
  assert.deepEqual(decodeMessage(encodeSign("goodbye", HEAD)), { ...HEAD, kind: "goodbye" });
});

test("what scrapes found comes back as it was, many times what was expected of room too", () => {
  assert.deepEqual(decodeMessage(encodeScrapes(ITEMS, HEAD)), { ...HEAD, kind: "scrapes", items: ITEMS });
  const names = Array.from({ length: 300 }, (_, index) => `adapter-${index}`);
  const [first] = ITEMS as [ScrapeItem];
  const many = { ...first, sample: { signals: { ...SIGNALS, runningAdapters: names }, age: 0 } };
  assert.deepEqual(decodeMessage(encodeScrapes([many], HEAD)), { ...HEAD, kind: "scrapes", items: [many] });
});

test("a reason is cut, an age before the sending is none", () => {
  const [first] = ITEMS as [ScrapeItem];
  const items = [
    { ...first, outcome: "status" as const, reason: "x".repeat(1000), sample: { signals: SIGNALS, age: -1 } },
  ];
  const read = decodeMessage(encodeScrapes(items, HEAD));
  assert.ok(read.kind === "scrapes");
  assert.equal(read.items[0]?.reason.length, 200);
  assert.equal(read.items[0]?.sample?.age, 0);
});

test("a flight carries a FLIGHT frame, and nothing else", () => {
  const entries = [{ endpoint: 5n, requests: 1, tokens: 2, prefill: 3 }];
  const read = decodeMessage(encodeFlightMessage(encodeFlight({ owner: 0n, entries }), HEAD));
  assert.ok(read.kind === "flight");
  assert.deepEqual(read.flight.entries, entries);
  assert.equal(refusal(encodeFlightMessage(encodeBeat(), HEAD)), "value");
});

test("every cut and every other version is refused, whole", () => {
  const bytes = encodeScrapes(ITEMS, HEAD);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(refusal(bytes.subarray(0, length)), "truncated", `${length} bytes`);
  }
  assert.equal(refusal(Buffer.concat([bytes, Buffer.from([0])])), "value");
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[at] = value;
    return copy;
  };
  assert.equal(refusal(changed(0, 0)), "magic");
  assert.equal(refusal(changed(4, 2)), "version");
  assert.equal(refusal(changed(6, 2)), "version");
  assert.equal(refusal(changed(5, 9)), "kind");
  assert.equal(refusal(changed(23, 0xff)), "accepted");
  assert.equal(refusal(changed(28 + 8, 6)), "value", "an outcome there is not");
  const kvUsage = 28 + 12 + 12;
  assert.equal(bytes.readFloatLE(kvUsage), 0.25);
  assert.equal(refusal(changed(kvUsage + 3, 0x7f)), "value", "a KV use above 1");
  assert.equal(refusal(Buffer.from("PING")), "magic");
});
