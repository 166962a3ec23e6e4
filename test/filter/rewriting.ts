// Requests whose models are replaced, put through the filter in pieces, and their answers.

import assert from "node:assert/strict";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { encodePolicy, encodeSync } from "../../wire/encode.ts";
import type { Policy } from "../../wire/model.ts";
import { bytesOf } from "./exchanges.ts";
import { configuration, endpoints, FakePool, samples } from "./pools.ts";
import { POST } from "./requests.ts";
import { Rig } from "./rig.ts";

export const LONG = "llama-3-8b-instruct-with-a-long-name";
export const RULES: Policy["rules"] = [
  { models: ["food"], targets: [{ model: "food-lora-v2", weight: 1 }] },
  {
    models: ["split"],
    targets: [
      { model: "split-a", weight: 3 },
      { model: "split-b", weight: 1 },
    ],
  },
  { models: ["kept"], targets: [] },
  { models: [LONG], targets: [{ model: "x", weight: 1 }] },
  { models: ['qu"ote'], targets: [{ model: 'a"b\\c', weight: 1 }] },
];

/** A filter that serves three endpoints by a policy. */
export function serving(hold: "buffer" | "self", rules = RULES, objectives: Policy["objectives"] = []) {
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration({ hold }));
  rig.pass(200);
  const pool = new FakePool();
  const policy = encodePolicy({ pool: pool.pool, epoch: 1n, objectives, rules });
  rig.stream.message(policy, pool.roster(endpoints(3)), pool.plan(), pool.load(samples(3)), encodeSync());
  return { rig, vm, root };
}

export type Setting = ReturnType<typeof serving>;
export type Headers = readonly (readonly [string, string])[];

/** Sends a body in pieces of these lengths, the rest as the last one. What leaves the filter. */
export function send({ vm, root }: Setting, body: string, lengths: readonly number[] = [], headers: Headers = []) {
  const bytes = bytesOf(body);
  const stream = vm.createStream(root);
  stream.onRequestHeaders([...POST, ["content-length", String(bytes.length)], ...headers], false);
  const sent: Uint8Array[] = [];
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    const end = at + length >= bytes.length;
    // 0 continues: what is left of the piece goes on. 1 keeps it: the next callback has it all.
    if (stream.onRequestBody(bytes.subarray(at, at + length), end) === 0) sent.push(stream.passed);
    at += length;
    if (end) break;
  }
  return { stream, body: Buffer.concat(sent).toString() };
}

/** The model that the filter tells. */
export function model(hold: string, stream: FilterStream): string | undefined {
  return hold === "self" ? stream.headers?.get("x-gateway-model-name") : stream.state.get("model");
}

/** Puts an answer through in pieces of these lengths in turns. What the client gets. */
export function receive(stream: FilterStream, answer: string, lengths: readonly number[], headers: Headers): string {
  stream.onResponseHeaders("10.0.0.1:8000", [[":status", "200"], ...headers]);
  const bytes = bytesOf(answer);
  const got: Uint8Array[] = [];
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const length = lengths[piece % lengths.length]!;
    assert.equal(stream.onResponseBody(bytes.subarray(at, at + length), at + length >= bytes.length), 0);
    got.push(stream.passed);
    at += length;
  }
  return Buffer.concat(got).toString();
}

export const JSON_ANSWER: Headers = [
  ["content-type", "application/json"],
  ["content-length", "99"],
];
export const EVENTS: Headers = [["content-type", "text/event-stream; charset=utf-8"]];
