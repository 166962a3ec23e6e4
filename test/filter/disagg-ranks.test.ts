// Data parallelism: ranks of a pod share the port that distributes requests, and a header says which rank is meant.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as L from "../../wire/layout.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { answer, ask, bytesOf, completion, explained, serving, text } from "./exchanges.ts";
import { byAddress, explainedProfile } from "./explanation.ts";
import { endpoint, sample } from "./pools.ts";
import { DESTINATION, picksOf } from "./requests.ts";
import { picker, prefix, profile, queue } from "./steps.ts";

const HEADER = "x-data-parallel-host-port";
/** Two pods with three ranks each, and one on IPv6. */
const LIST = [
  ...[1, 2].flatMap((pod) => [0, 1, 2].map((rank) => endpoint(pod, { address: `10.0.0.${pod}:${9000 + rank}`, rank }))),
  endpoint(3, { address: "[2001:db8::3]:9000", name: "default/pod-3" }),
];
const PLAN = [profile("default", queue(), prefix(3), picker(3))];
const SETTINGS = { handler: L.HANDLER_DATA_PARALLEL, handlerParameters: [0, 0, 0, 0, 0, 0, 0, 8000] };

function primary(address: string): string {
  return address.replace(/:\d+$/, ":8000");
}

test("destinations have the primary port, and the first pick's own address travels beside them", () => {
  const { worker } = serving(7, PLAN, { list: LIST, settings: SETTINGS });
  const ranks = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const stream = ask(worker, completion(text(`story ${i}`, 1)));
    const rank = stream.state.get("data_parallel") ?? "";
    ranks.add(rank);
    const picks = picksOf(stream);
    assert.equal(picks.length, 3);
    assert.equal(picks[0], primary(rank));
    for (const address of picks) assert.match(address, /^(10\.0\.0\.[12]|\[2001:db8::3\]):8000$/);
    stream.close();
  }
  assert.deepEqual([...ranks].sort(), LIST.map(({ address }) => address).sort());
});

test("hold self: both are headers", () => {
  const { worker } = serving(7, PLAN, { list: LIST, settings: SETTINGS, fields: { hold: "self" } });
  const { headers, state } = ask(worker, completion("hello"));
  const [first] = headers?.get(DESTINATION)?.split(",") ?? [];
  assert.equal(first, primary(headers?.get(HEADER) ?? ""));
  assert.equal(state.size, 0);
});

test("a request counts at its rank, before and after the pod's port has answered", () => {
  const { rig, worker } = serving(7, PLAN, { list: LIST, settings: SETTINGS });
  const stream = ask(worker, completion(text("story", 4)));
  const rank = stream.state.get("data_parallel") as string;
  const flights = () => {
    rig.pass(100);
    return rig.stream.flights.at(-1)?.entries.map(({ endpoint, requests }) => [endpoint, requests]);
  };
  assert.deepEqual(flights(), [[xxh64(rank), 1]]);
  stream.onResponseHeaders(primary(rank));
  assert.deepEqual(flights(), [[xxh64(rank), 1]]);
  stream.onResponseBody(bytesOf("{}"), true);
  stream.close();
  assert.deepEqual(flights(), []);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 0);
});

test("the rank holds the prompt afterwards", () => {
  const { worker } = serving(7, PLAN, { list: LIST, settings: SETTINGS });
  const story = completion(text("story", 4));
  const stream = ask(worker, story);
  const rank = stream.state.get("data_parallel") as string;
  answer(stream).close();
  const details = explainedProfile(explained(worker, story));
  const held = [...byAddress(details, details.signals.matchedBlocks)].filter(([, blocks]) => blocks !== 0);
  assert.deepEqual(held, [[rank, 4]]);
  assert.equal(ask(worker, story).state.get("data_parallel"), rank);
});

test("a session goes back to its pod", () => {
  const session = { ...queue(2), plugin: L.PLUGIN_SESSION_AFFINITY_SCORER, name: "session", text: "x-session-token" };
  const { worker } = serving(7, [profile("default", queue(), session)], { list: LIST, settings: SETTINGS });
  const stream = ask(worker, completion("hello"));
  const rank = stream.state.get("data_parallel") as string;
  answer(stream).close();
  const token = stream.responseHeaders?.get("x-session-token");
  assert.equal(token, Buffer.from(LIST.find(({ address }) => address === rank)!.name).toString("base64"));
});

test("an answer from another pod's port moves nothing to a rank, and is counted", () => {
  const { rig, worker } = serving(7, [profile("default", queue())], { list: LIST, settings: SETTINGS });
  const stream = ask(worker, completion("hello"));
  const rank = stream.state.get("data_parallel") as string;
  stream.onResponseHeaders(rank.startsWith("10.0.0.1") ? "10.0.0.2:8000" : "10.0.0.1:8000");
  stream.close();
  rig.pass(50);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 1);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("without a primary port, destinations are the ranks themselves", () => {
  const settings = { handler: L.HANDLER_DATA_PARALLEL, handlerParameters: [0] };
  const { rig, pool, worker } = serving(7, PLAN, { list: LIST, settings });
  rig.stream.message(pool.load(LIST.map((_, index) => sample({ waiting: index === 4 ? 0 : 9, counter: 2 }))));
  const stream = ask(worker, completion("hello"));
  assert.equal(picksOf(stream)[0], LIST[4]!.address);
  assert.equal(stream.state.has("data_parallel"), false);
});
