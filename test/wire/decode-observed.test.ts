import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUp, FrameRefused, refusalName } from "../../wire/decode.ts";
import { decodeObserved } from "../../wire/decode-observed.ts";
import { encodeObserved } from "../../wire/encode-observed.ts";
import * as L from "../../wire/layout.ts";
import { changed, goldenFrame, resized } from "./golden-files.ts";
import { OBSERVATIONS, OBSERVED } from "./golden-frames.ts";

const RECORD = L.OBSERVED_BYTES;
const RUNNING = RECORD + OBSERVATIONS.length * L.OBSERVATION_BYTES;
const WAITING = RUNNING + OBSERVED.running.length * L.RUNNING_BYTES;
const MODEL = WAITING + OBSERVED.waiting.length * L.WAITING_BYTES;

function reasonOf(bytes: Uint8Array, read: (bytes: Uint8Array) => unknown = decodeObserved): string {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof FrameRefused) return refusalName(error.reason);
    throw error;
  }
  return "accepted";
}

const changedTo = (change: (view: DataView) => void) => reasonOf(changed("observed", change));

test("an OBSERVED cut at any length is refused, whether or not its length field was cut along", () => {
  const frame = goldenFrame("observed");
  for (let length = 0; length < frame.length; length++) {
    assert.equal(reasonOf(frame.subarray(0, length)), "truncated", `cut to ${length}`);
    if (length >= L.HEADER_BYTES) assert.equal(reasonOf(resized("observed", length)), "length", `resized to ${length}`);
  }
  assert.equal(reasonOf(resized("observed", frame.length + 1)), "length");
});

test("counts that its length does not bear out are refused", () => {
  const counts = [L.OBSERVED_RECORDS, L.OBSERVED_MODELS, L.OBSERVED_STRINGS, L.OBSERVED_RUNNING, L.OBSERVED_WAITING];
  for (const field of counts) {
    for (const count of [0, 1, 60, 2 ** 32 - 1]) {
      const frame = changed("observed", (view) => view.setUint32(field, count, true));
      if (Buffer.compare(frame, goldenFrame("observed")) !== 0) assert.equal(reasonOf(frame), "length");
    }
  }
  assert.equal(
    changedTo((view) => view.setUint32(L.OBSERVED_MODELS, L.MAX_OBSERVED_MODELS + 1, true)),
    "length",
  );
});

test("models outside their table and names outside the strings are refused", () => {
  for (const field of [L.OBSERVATION_MODEL, L.OBSERVATION_TARGET]) {
    assert.equal(
      changedTo((view) => view.setUint16(RECORD + field, 2, true)),
      "reference",
    );
    assert.equal(
      changedTo((view) => view.setUint16(RECORD + field, 65533, true)),
      "reference",
    );
  }
  assert.equal(
    changedTo((view) => view.setUint16(RUNNING + L.RUNNING_MODEL, 2, true)),
    "reference",
  );
  assert.equal(
    changedTo((view) => view.setUint32(MODEL + L.MODEL_OFFSET, 2 ** 32 - 1, true)),
    "reference",
  );
  assert.equal(
    changedTo((view) => view.setUint32(MODEL + L.MODEL_LENGTH, 257, true)),
    "length",
  );
  assert.equal(
    changedTo((view) => view.setUint32(MODEL + L.MODEL_OFFSET, 253, true)),
    "reference",
  );
});

test("values that their meaning excludes are refused", () => {
  for (const status of [1, 99, 1000, 65535]) {
    assert.equal(
      changedTo((view) => view.setUint16(RECORD + L.OBSERVATION_STATUS, status, true)),
      "value",
    );
  }
  assert.equal(
    changedTo((view) => view.setUint8(RECORD + L.OBSERVATION_FLAGS, 8)),
    "value",
  );
  assert.equal(
    changedTo((view) => view.setUint8(RECORD + L.OBSERVATION_FINISH, L.FINISH_OTHER + 1)),
    "value",
  );
  assert.equal(
    changedTo((view) => view.setUint16(RUNNING + L.RUNNING_MODEL, L.OBSERVATION_NO_MODEL, true)),
    "value",
  );
});

test("it is a frame of this version, and of its kind; on a stream it is none", () => {
  assert.equal(
    changedTo((view) => view.setUint32(L.HEADER_MAGIC, 1, true)),
    "magic",
  );
  assert.equal(
    changedTo((view) => view.setUint16(L.HEADER_VERSION, L.WIRE_VERSION + 1, true)),
    "version",
  );
  for (const name of ["hello", "ack", "journal"]) assert.equal(reasonOf(goldenFrame(name)), "kind", name);
  assert.equal(reasonOf(goldenFrame("observed"), decodeUp), "kind");
});

test("an empty batch is one, and one of more than 64 KiB is refused", () => {
  const empty = { worker: 1n, records: [], running: [], waiting: [], traced: [] };
  assert.deepEqual(decodeObserved(encodeObserved(empty)), empty);
  const [record] = OBSERVATIONS.slice(1);
  const batch = (count: number) => encodeObserved({ ...empty, records: Array(count).fill(record) });
  const most = Math.floor((L.MAX_OBSERVED_BYTES - L.OBSERVED_BYTES) / L.OBSERVATION_BYTES);
  assert.equal(decodeObserved(batch(most)).records.length, most);
  assert.equal(reasonOf(batch(most + 1)), "length");
});

test("more rows of running requests than there may be are refused", () => {
  const running = (count: number) =>
    encodeObserved({
      ...OBSERVED,
      records: [],
      traced: [],
      waiting: [],
      running: Array(count).fill({ pool: 1n, model: "other", requests: 1 }),
    });
  assert.equal(reasonOf(running(L.MAX_RUNNING)), "accepted");
  assert.equal(reasonOf(running(L.MAX_RUNNING + 1)), "length");
});

test("more rows of waiting requests than there may be are refused, and so are those without any", () => {
  const rows = (count: number) =>
    encodeObserved({
      ...OBSERVED,
      records: [],
      traced: [],
      waiting: Array(count).fill({ pool: 1n, priority: 0, requests: 1, oldest: 1 }),
    });
  assert.equal(reasonOf(rows(L.MAX_WAITING)), "accepted");
  assert.equal(reasonOf(rows(L.MAX_WAITING + 1)), "length");
  assert.equal(
    changedTo((view) => view.setUint32(WAITING + L.WAITING_REQUESTS, 0, true)),
    "value",
  );
  assert.equal(
    changedTo((view) => view.setBigUint64(WAITING + L.WAITING_POOL, 0n, true)),
    "value",
    "several priorities have none of their own",
  );
});

/** The first traced request of the golden batch, behind its strings. */
const TRACED_0 = goldenFrame("observed").length - tracedBytes();

function tracedBytes(): number {
  return new DataView(goldenFrame("observed").buffer).getUint32(L.OBSERVED_TRACED_BYTES, true);
}

test("traced requests that their bytes do not bear out are refused", () => {
  for (const count of [0, 1, 2, 4, 2 ** 32 - 1]) {
    assert.equal(
      changedTo((view) => view.setUint32(L.OBSERVED_TRACED, count, true)),
      "length",
      `${count} of 3`,
    );
  }
  for (const bytes of [0, 1, L.MAX_TRACED_BYTES + 1, 2 ** 32 - 1]) {
    assert.equal(
      changedTo((view) => view.setUint32(L.OBSERVED_TRACED_BYTES, bytes, true)),
      "length",
      `${bytes} bytes`,
    );
  }
  for (const field of [L.TRACED_DETAILS_LENGTH, L.TRACED_EXPLANATION_LENGTH]) {
    assert.equal(
      changedTo((view) => view.setUint16(TRACED_0 + field, 65_535, true)),
      "length",
    );
  }
});

test("a traced request without a record, and one with half of its ids, are refused", () => {
  assert.equal(
    changedTo((view) => view.setUint32(TRACED_0 + L.TRACED_RECORD, OBSERVATIONS.length, true)),
    "reference",
  );
  assert.equal(
    changedTo((view) => view.setBigUint64(TRACED_0 + L.TRACED_PARENT, 0n, true)),
    "value",
  );
  assert.equal(
    changedTo((view) => {
      view.setBigUint64(TRACED_0 + L.TRACED_ID, 0n, true);
      view.setBigUint64(TRACED_0 + L.TRACED_ID + 8, 0n, true);
    }),
    "value",
  );
});
