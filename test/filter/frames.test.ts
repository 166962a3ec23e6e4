// What the filter does with the frames it gets, good and bad.

import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalName } from "../../wire/decode.ts";
import { encodeRoster } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import { changed, goldenFrame, readFrames, resized } from "../wire/golden-files.ts";
import { connectedRig, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { callsDuring, pickOnce, picksOf, post } from "./requests.ts";

const WARNING =
  /^warn inline-epp: frame refused, reason \d+ \(wire\/FORMAT\.md\), \d+ on this stream; the last good state stays$/;

const ENDPOINT_0 = L.ROSTER_BYTES;
const SAMPLE_0 = L.LOAD_BYTES;
const STEP_0 = L.PLAN_BYTES + L.PROFILE_BYTES;
const RULE_0 = L.POLICY_BYTES + 2 * L.OBJECTIVE_BYTES;
const RECORD_0 = L.JOURNAL_BYTES;
/** The golden journal's third record, behind two of two blocks and one. */
const TTFT = RECORD_0 + 2 * L.RECORD_BYTES + 3 * 8;
const set16 = (at: number, value: number) => (view: DataView) => view.setUint16(at, value, true);
const set32 = (at: number, value: number) => (view: DataView) => view.setUint32(at, value, true);

/** Corrupt frames of every kind, by the reason for which each is refused. */
const CORRUPT: readonly (readonly [string, string, () => Uint8Array])[] = [
  ["an empty message", "truncated", () => new Uint8Array()],
  ["a message shorter than a header", "truncated", () => goldenFrame("sync").subarray(0, 31)],
  ["a frame cut short", "truncated", () => goldenFrame("roster-three").subarray(0, 200)],
  ["a frame with bytes behind it", "truncated", () => Buffer.concat([goldenFrame("beat"), Buffer.alloc(1)])],
  ["bytes that are no frame", "magic", () => new Uint8Array(64).fill(0x55)],
  ["another version", "version", () => changed("plan-default", set16(L.HEADER_VERSION, L.WIRE_VERSION + 1))],
  ["a roster of a wrong length", "length", () => resized("roster-three", 100)],
  ["a load of a wrong length", "length", () => resized("load-three", 100)],
  ["a plan of a wrong length", "length", () => resized("plan-default", 60)],
  ["a plan of a wrong number of bands", "length", () => changed("plan-flow", set32(L.PLAN_BANDS, 4))],
  ["a plan of a wrong number of limits", "length", () => changed("plan-limits", set32(L.PLAN_LIMITS, 1))],
  ["BUDGETS, which answers a call", "kind", () => goldenFrame("budgets")],
  ["a policy of a wrong length", "length", () => resized("policy-full", 100)],
  ["a policy of too many rules", "length", () => changed("policy-full", set32(L.POLICY_RULES, 4097))],
  ["a SYNC that is longer than its header", "length", () => resized("sync", 40)],
  ["a GONE that is longer than its header", "length", () => resized("gone", 40)],
  ["a BEAT that is longer than its header", "length", () => resized("beat", 40)],
  ["a frame of more than 4 MiB", "length", () => resized("roster-empty", L.MAX_FRAME_BYTES + 1)],
  ["a roster of too many endpoints", "length", () => changed("roster-three", set32(L.ROSTER_ENDPOINTS, 4097))],
  ["HELLO, which goes the other way", "kind", () => goldenFrame("hello")],
  ["ACK, which goes the other way", "kind", () => goldenFrame("ack")],
  ["a kind there is not", "kind", () => changed("beat", set16(L.HEADER_KIND, 99))],
  ["a FLIGHT of no more than a header", "length", () => changed("beat", set16(L.HEADER_KIND, L.KIND_FLIGHT))],
  ["a FLIGHT of another length", "length", () => changed("flight", set32(L.FLIGHT_ENTRIES, 3))],
  ["a FLIGHT of too many entries", "length", () => changed("flight", set32(L.FLIGHT_ENTRIES, 0xffffffff))],
  ["a FLIGHT of one gateway", "value", () => goldenFrame("flight")],
  ["a JOURNAL of no more than a header", "length", () => changed("beat", set16(L.HEADER_KIND, L.KIND_JOURNAL))],
  ["a JOURNAL of too few records", "length", () => changed("journal", set32(L.JOURNAL_RECORDS, 3))],
  ["a JOURNAL of too many records", "length", () => changed("journal", set32(L.JOURNAL_RECORDS, 0xffffffff))],
  ["a record longer than its JOURNAL", "length", () => changed("journal", set16(RECORD_0 + L.RECORD_VALUES, 65535))],
  ["a JOURNAL that is too long", "length", () => resized("journal", L.MAX_JOURNAL_BYTES + 8)],
  ["a JOURNAL of one gateway", "value", () => changed("journal", (view) => view.setUint8(L.JOURNAL_OWNER, 1))],
  ["a record of a kind there is not", "value", () => changed("journal", set16(RECORD_0 + L.RECORD_KIND, 5))],
  ["a time of too many numbers", "value", () => changed("journal", set16(RECORD_0 + L.RECORD_KIND, L.RECORD_TTFT))],
  ["a time that is no number", "value", () => changed("journal", set32(TTFT + L.RECORD_BYTES + 4, 0x7ff80000))],
  [
    "an address outside the strings",
    "reference",
    () => changed("roster-three", set32(ENDPOINT_0 + L.ENDPOINT_ADDRESS_OFFSET, 0xfffffff8)),
  ],
  [
    "adapters outside their table",
    "reference",
    () => changed("load-three", set32(SAMPLE_0 + L.SAMPLE_ADAPTER_START, 0xffffffff)),
  ],
  ["steps outside their table", "reference", () => changed("plan-default", set32(L.PLAN_BYTES + L.PROFILE_STEPS, 4))],
  ["models outside their table", "reference", () => changed("policy-full", set32(RULE_0 + L.RULE_MODEL_COUNT, 9))],
  ["a policy of no pool", "value", () => changed("policy-full", (view) => view.setBigUint64(L.HEADER_POOL, 0n))],
  ["a detector there is not", "value", () => changed("plan-default", set32(L.PLAN_DETECTOR, 9))],
  ["a sampler there is not", "value", () => changed("plan-default", set32(L.PLAN_SAMPLER, 3))],
  [
    "a ratio above 1",
    "value",
    () => changed("plan-disagg", (view) => view.setFloat64(L.PLAN_SAMPLER_RATIO, 1.01, true)),
  ],
  [
    "a ratio that is none",
    "value",
    () => changed("plan-disagg", (view) => view.setFloat64(L.PLAN_SAMPLER_RATIO, NaN, true)),
  ],
  ["an address of no bytes", "value", () => changed("roster-three", set32(ENDPOINT_0 + L.ENDPOINT_ADDRESS_LENGTH, 0))],
  ["an engine there is not", "value", () => changed("roster-three", (view) => view.setUint8(ENDPOINT_0 + 40, 200))],
  ["a roster of no pool", "value", () => encodeRoster({ pool: "", epoch: 9n, endpoints: [] })],
  ["a KV cache use that is no number", "value", () => changed("load-three", set32(SAMPLE_0 + 16, 0x7fc00000))],
  ["a plugin that this filter has not", "value", () => changed("plan-default", set16(STEP_0 + L.STEP_PLUGIN, 999))],
  ["a load for another roster", "epoch", () => new FakePool().load(samples(3), { rosterEpoch: 99n })],
  ["a load of other length than the roster", "epoch", () => new FakePool().load(samples(2), { rosterEpoch: 1n })],
  ["a load of an unknown pool", "epoch", () => new FakePool("default/unknown").load(samples(3), { rosterEpoch: 1n })],
];

for (const [what, reason, frame] of CORRUPT) {
  test(`${what} is refused (${reason}), counted and told, and the last good state serves on`, () => {
    const { rig, vm, root } = servingRig(3);
    const before = picksOf(post(vm, root)).toSorted();
    const written = rig.shared.keys().map((key) => [key, rig.shared.get(key)?.cas]);
    rig.stream.message(frame());
    assert.deepEqual(
      rig.shared.keys().map((key) => [key, rig.shared.get(key)?.cas]),
      written,
      "nothing has been published",
    );
    assert.deepEqual(picksOf(post(vm, root)).toSorted(), before);
    assert.match(rig.log.join("\n"), WARNING);
    rig.pass(20);
    const ack = rig.stream.ack;
    assert.equal(refusalName(ack?.reason ?? 0), reason);
    assert.deepEqual([ack?.accepted, ack?.refused], [4, 1]);
    assert.equal(rig.metrics.value("inline_epp_frames_refused_total"), 1);
    assert.equal(rig.metrics.value("inline_epp_frames_accepted_total"), 4);
  });
}

test("a message larger than any frame is refused without being read", () => {
  const { rig, vm } = servingRig(1);
  const calls = callsDuring(vm, () => rig.stream.message(new Uint8Array(80 * 1024 * 1024)));
  assert.equal(calls.includes("proxy_get_buffer_bytes"), false);
  rig.pass(10);
  assert.equal(rig.stream.ack?.reason, L.REFUSED_LENGTH);
});

test("the golden frames of the down direction are accepted and scheduled by", () => {
  const { rig, vm, root } = connectedRig();
  const names = [
    "beat",
    "roster-empty",
    "roster-three",
    "plan-two-profiles",
    "load-three",
    "plan-disagg",
    "plan-flow",
    "plan-limits",
    "plan-default",
    "policy-empty",
    "policy-full",
    "sync",
  ];
  rig.stream.message(...names.map(goldenFrame));
  assert.deepEqual(picksOf(post(vm, root)), ["10.0.0.1:8000"], "the one that is ready and fresh");
  rig.pass(10);
  assert.deepEqual(rig.stream.ack, { sequence: 2n ** 64n - 1n, accepted: names.length, refused: 0, reason: 0 });
  rig.stream.message(goldenFrame("gone"));
  assert.equal(pickOnce(vm, root), undefined);
  assert.deepEqual(
    Object.keys(readFrames()).toSorted(),
    [...names, "gone", "hello", "want", "ack", "flight", "journal", "observed", "spent", "budgets"].toSorted(),
    "every golden frame has been tried, travels up, or answers a call",
  );
});

test("the log tells of refused frames once a minute, with their number", () => {
  const { rig } = servingRig(1);
  for (let second = 0; second < 61; second++) {
    for (let i = 0; i < 10; i++) rig.stream.message(new Uint8Array(5));
    rig.pass(1000);
  }
  const lines = rig.logged(/frame refused/);
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? "", /reason 1 \(wire\/FORMAT\.md\), 1 on this stream/);
  assert.match(lines[1] ?? "", /reason 1 \(wire\/FORMAT\.md\), 601 on this stream/);
  assert.equal(rig.metrics.value("inline_epp_frames_refused_total"), 610);
});

test("the ACK names the last refusal's reason, and keeps it", () => {
  const { rig, pool } = servingRig(1);
  rig.stream.message(new Uint8Array(64), new Uint8Array(5));
  rig.stream.message(pool.load(samples(1)));
  rig.pass(10);
  assert.deepEqual(rig.stream.ack, { sequence: 2n, accepted: 5, refused: 2, reason: L.REFUSED_TRUNCATED });
});

test("random bytes and random changes of good frames never stop the filter", () => {
  const { rig, vm, root, pool } = servingRig(3);
  let state = 12345;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const names = [
    "roster-three",
    "load-three",
    "plan-default",
    "plan-two-profiles",
    "plan-flow",
    "policy-full",
    "roster-empty",
    "flight",
    "journal",
  ];
  for (let i = 0; i < 20_000; i++) {
    const frame = goldenFrame(names[i % names.length] as string);
    for (let changes = 1 + random(3); changes > 0; changes--) frame[random(frame.length)] = random(256);
    rig.stream.message(frame);
    if (i % 10 === 0) post(vm, root).close();
    if (i % 500 === 0) rig.pass(10);
  }
  rig.stream.message(...pool.start(endpoints(3)));
  assert.equal(picksOf(post(vm, root)).length, 3);
});
