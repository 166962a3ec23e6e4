// Frames as they come: taken whole, or refused whole.

import assert from "node:assert/strict";
import { test } from "node:test";
import { status as codes, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { receiveObserved } from "../../../sidecar/observations/receive.ts";
import { stateService } from "../../../sidecar/push/service.ts";
import { encodeObserved } from "../../../wire/encode-observed.ts";
import * as L from "../../../wire/layout.ts";
import type { Observed } from "../../../wire/model.ts";
import { setUp } from "../push/set-up.ts";
import { observation, observed } from "./observed.ts";

const GOOD = observed([observation(), observation({ status: 503 })]);

function changed(change: (view: DataView) => void): Uint8Array {
  const frame = encodeObserved(GOOD).slice();
  change(new DataView(frame.buffer));
  return frame;
}

/** What becomes of a frame: what was taken of it, the reason why it was refused, and the reply. */
function received(frame: Uint8Array) {
  const taken: Observed[] = [];
  const refusals: string[] = [];
  const reply = receiveObserved(
    frame,
    (one) => taken.push(one),
    (reason) => refusals.push(reason),
  );
  return { taken, refusals, reply };
}

test("a batch is taken as it was told", () => {
  assert.deepEqual(received(encodeObserved(GOOD)), { taken: [GOOD], refusals: [], reply: undefined });
});

const SECOND = L.OBSERVED_BYTES + L.OBSERVATION_BYTES;
const ODD: readonly (readonly [string, string, Uint8Array])[] = [
  ["nothing", "truncated", new Uint8Array()],
  ["no frame", "magic", new TextEncoder().encode("GET / HTTP/1.1 and so on and on and on")],
  ["another version", "version", changed((view) => view.setUint16(L.HEADER_VERSION, L.WIRE_VERSION - 1, true))],
  ["another kind", "kind", changed((view) => view.setUint16(L.HEADER_KIND, L.KIND_FLIGHT, true))],
  ["more records than there are", "length", changed((view) => view.setUint32(L.OBSERVED_RECORDS, 2 ** 31, true))],
  ["a bad last record", "value", changed((view) => view.setUint16(SECOND + L.OBSERVATION_STATUS, 42, true))],
  ["a model that is none", "reference", changed((view) => view.setUint16(SECOND + L.OBSERVATION_MODEL, 9, true))],
];

for (const [what, reason, frame] of ODD) {
  test(`refused, and nothing of it is counted: ${what}`, () => {
    const { taken, refusals, reply } = received(frame);
    assert.deepEqual([taken, refusals, reply?.code], [[], [reason], codes.INVALID_ARGUMENT]);
    assert.match(reply!.details, new RegExp(`^${reason}: `));
  });
}

test("a worker's call is answered by what became of its batch", async (t) => {
  const { server, observer, taken } = await setUp(t);
  const Client = makeGenericClientConstructor(stateService, "State");
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  t.after(() => client.close());
  const call = (frame: Uint8Array) =>
    new Promise<string>((resolve) => {
      client.Observe!(frame, (error: { code: number; details: string } | null, answer: Uint8Array | undefined) => {
        resolve(error === null ? `${answer?.length} bytes` : `${error.code} ${error.details}`);
      });
    });
  assert.equal(await call(encodeObserved(GOOD)), "0 bytes");
  assert.deepEqual(taken, [GOOD]);
  assert.match(await call(encodeObserved(GOOD).subarray(0, 40)), /^3 truncated: /);
  assert.deepEqual([taken.length, observer.refusals], [1, ["up truncated 1"]]);
});
