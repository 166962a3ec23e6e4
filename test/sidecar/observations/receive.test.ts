// Frames as they come: taken whole, or refused whole.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { status as codes, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import type { GrpcCall } from "../../../sidecar/grpc/call.ts";
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

/** Calls a server's Observe; what is answered: bytes, or a code and why. */
function observing(t: TestContext, port: number): (frame: Uint8Array) => Promise<string> {
  const Client = makeGenericClientConstructor(stateService, "State");
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  t.after(() => client.close());
  return (frame) =>
    new Promise<string>((resolve) => {
      client.Observe!(frame, (error: { code: number; details: string } | null, answer: Uint8Array | undefined) => {
        resolve(error === null ? `${answer?.length} bytes` : `${error.code} ${error.details}`);
      });
    });
}

test("a worker's call is answered by what became of its batch", async (t) => {
  const { server, observer, taken } = await setUp(t);
  const call = observing(t, server.port);
  assert.equal(await call(encodeObserved(GOOD)), "0 bytes");
  assert.deepEqual(taken, [GOOD]);
  assert.match(await call(encodeObserved(GOOD).subarray(0, 40)), /^3 truncated: /);
  assert.deepEqual([taken.length, observer.refusals], [1, ["up truncated 1"]]);
});

test("a batch that nobody can make anything of costs its call, and neither the next one nor the process", async (t) => {
  let broken = true;
  const observed = () => {
    if (broken) throw new TypeError("what is this");
  };
  const { server, log } = await setUp(t, { observed });
  const call = observing(t, server.port);
  const frame = encodeObserved(GOOD);
  assert.match(await call(frame), /^13 the sidecar has failed at this/);
  const here = await server.call(stateService.Observe.path, frame);
  assert.equal((here as { code: number }).code, codes.INTERNAL, "the filter in this process hears the same");
  const said = log.of("a call could not be served");
  assert.deepEqual(
    said.map(({ path, error }) => [path, (error as Error).message]),
    [[stateService.Observe.path, "what is this"]],
  );
  broken = false;
  assert.equal(await call(frame), "0 bytes");
});

for (const [when, broken] of [
  ["a message comes", { message: true }],
  ["it has no more to say", { halfClosed: true }],
] as const) {
  test(`who serves a call and throws when ${when} costs that call alone`, async (t) => {
    const thrower = (does: boolean | undefined) => () => {
      if (does) throw new TypeError("oh");
    };
    const serve = (call: GrpcCall) => {
      const { message, halfClosed }: { message?: boolean; halfClosed?: boolean } = broken;
      call.listen({ message: thrower(message), halfClosed: thrower(halfClosed), closed: () => undefined });
    };
    const path = stateService.Observe.path;
    const { server, log } = await setUp(t, { methods: [[path, { serve, mostBytes: 1000 }]] });
    const call = observing(t, server.port);
    assert.match(await call(Uint8Array.of(1)), /^13 /);
    assert.match(await call(Uint8Array.of(2)), /^13 /);
    assert.equal(log.of("a call could not be served").length, 1);
  });
}
