// Many pools in one filter: each request is for the pool that its cluster or its route names, or for none.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { MAX_POOLS } from "../../wire/layout.ts";
import { answer, completion } from "./exchanges.ts";
import { explanationOf } from "./explanation.ts";
import { configuration, endpoint } from "./pools.ts";
import { messageOf, refused } from "./refusals.ts";
import {
  callsDuring,
  DESTINATION,
  METADATA,
  POST,
  pickFor,
  pickOnce,
  postTo,
  routed,
  type Target,
  zeros,
} from "./requests.ts";
import { Rig } from "./rig.ts";
import { TestSidecar } from "./sidecar.ts";
import { prefix, profile, queue, SESSION_HEADER, session } from "./steps.ts";

const POOLS = { "team-a/base": [endpoint(1)], "team-b/other": [endpoint(2)], "team-b/third": [endpoint(3)] };
const ISTIO = "outbound|54321||other-ip-d9298a10.team-b.svc.cluster.local";

/** A worker whose configuration names no pool, and a sidecar that knows several. */
function serving(
  fields: Record<string, unknown>,
  pools: Readonly<Record<string, ReturnType<typeof endpoint>[]>> = POOLS,
) {
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration({ pool: undefined, ...fields }));
  const sidecar = new TestSidecar(rig, pools);
  sidecar.pass(300);
  return { rig, vm, root, sidecar };
}

/** The number of the endpoint to which a request goes that Envoy has routed. */
function numberFor(vm: FilterVm, root: number, target: Target): number | undefined {
  const picked = pickFor(vm, root, target);
  return picked === undefined ? undefined : Number(picked.split(":")[0]?.split(".")[3]);
}

test("the cluster's name is the pool's, or Istio's for it", () => {
  const { vm, root } = serving({ poolFrom: "cluster" });
  assert.equal(numberFor(vm, root, { cluster: "team-a/base" }), 1);
  assert.equal(numberFor(vm, root, { cluster: "team-b/other", route: "team-a/base" }), 2);
  assert.equal(numberFor(vm, root, { cluster: ISTIO }), 2);
  assert.equal(numberFor(vm, root, { cluster: "team-b/third" }), 3);
  assert.equal(numberFor(vm, root, { route: "team-a/base" }), undefined);
});

test("the route's name is the pool's", () => {
  const { vm, root } = serving({ poolFrom: "route" });
  assert.equal(numberFor(vm, root, { route: "team-a/base", cluster: "team-b/other" }), 1);
  assert.equal(numberFor(vm, root, { route: "team-b/third" }), 3);
  assert.equal(numberFor(vm, root, { route: ISTIO }), undefined, "Istio names clusters so");
  assert.equal(numberFor(vm, root, { cluster: "team-a/base" }), undefined);
});

test("the cluster's metadata names the pool", () => {
  const { vm, root } = serving({ poolFrom: "metadata" });
  assert.equal(numberFor(vm, root, { metadata: "team-a/base", cluster: "team-b/other", route: "team-b/third" }), 1);
  assert.equal(numberFor(vm, root, { metadata: "team-b/third" }), 3);
  assert.equal(numberFor(vm, root, { cluster: "team-a/base", route: "team-a/base" }), undefined);
  assert.equal(numberFor(vm, root, { metadata: ISTIO }), undefined);
});

test("the configuration says which pool a name stands for, and then no other name is any", () => {
  const pools = { chat: "team-a/base", "team-a/base": "team-b/other", [ISTIO]: "team-b/third", draft: "team-a/base" };
  for (const by of ["cluster", "route"]) {
    const { vm, root } = serving({ poolFrom: by, pools });
    const names = ["chat", "team-a/base", ISTIO, "draft", "team-b/other", "cha", ""];
    assert.deepEqual(
      names.map((name) => numberFor(vm, root, { [by]: name })),
      [1, 2, 3, 1, undefined, undefined, undefined],
      by,
    );
  }
});

test("a request's cluster is looked at before its headers are changed, which makes Envoy route it anew", () => {
  const { vm, root } = serving({ poolFrom: "cluster" });
  pickFor(vm, root, { cluster: "team-a/base" });
  const stream = routed(vm, root, { cluster: "team-a/base" });
  const calls = callsDuring(vm, () => stream.onRequestHeaders([...POST, [DESTINATION, "10.9.9.9:1"]], false));
  assert.deepEqual(calls, [
    "proxy_get_property",
    "clock_time_get",
    "proxy_get_header_map_pairs",
    "proxy_remove_header_map_value",
  ]);
  assert.deepEqual(
    callsDuring(vm, () => stream.onRequestBody(zeros(1), true)),
    ["proxy_get_buffer_bytes", "proxy_get_shared_data", "clock_time_get", "proxy_set_property"],
    "no more than with one pool",
  );
});

test("a request for none of our pools passes untouched, and costs one look at its cluster", () => {
  for (const fields of [
    { hold: "buffer" },
    { hold: "self", failureMode: "FailOpen" },
    { hold: "self", pools: { chat: "team-a/base" }, explainHeader: "x-explain" },
  ]) {
    for (const target of [{ cluster: "other" }, { cluster: "outbound|80||web.team-a.svc.cluster.local" }, {}]) {
      const { rig, vm, root, sidecar } = serving({ poolFrom: "cluster", watchdog: "1s", ...fields });
      const headers: [string, string][] = [
        [":method", "POST"],
        [":path", "/"],
        [DESTINATION, "10.9.9.9:1"],
        ["x-prefiller-host-port", "10.9.9.9:2"],
        ["x-explain", "1"],
      ];
      const body = Buffer.from(JSON.stringify(completion("hello")));
      const stream = routed(vm, root, target);
      const status: number[] = [];
      const calls = callsDuring(vm, () => {
        status.push(stream.onRequestHeaders(headers, false));
        status.push(stream.onRequestBody(body, false), stream.onRequestBody(body, true));
        status.push(stream.onRequestTrailers());
        status.push(stream.onResponseHeaders("10.0.0.1:8000", [[":status", "200"]]));
        status.push(stream.onResponseBody(body, false), stream.onResponseBody(body, true));
      });
      assert.deepEqual(calls, ["proxy_get_property"]);
      assert.deepEqual(new Set(status), new Set([HeadersStatus.continue]), "continue, as of data and trailers too");
      assert.deepEqual(stream.headers, new Map(headers));
      assert.deepEqual(stream.responseHeaders, new Map([[":status", "200"]]));
      assert.equal(stream.state.size, 0);
      assert.equal(stream.localResponse, undefined);
      sidecar.pass(2000);
      assert.deepEqual(
        callsDuring(vm, () => stream.close()),
        [],
      );
      sidecar.pass(20);
      for (const count of ["picks", "failed_open", "failed_closed", "not_obeyed", "watchdog"]) {
        assert.equal(rig.metrics.value(`inline_epp_${count}_total`), 0, count);
      }
      assert.deepEqual(rig.log, []);
    }
  }
});

test("with a route's name in the configuration only requests on it are served, whatever says their pool", () => {
  for (const fields of [
    { poolFrom: "cluster" },
    { pool: "team-a/base" },
    { poolFrom: "route", pools: { iep: "team-a/base" } },
  ]) {
    const { rig, vm, root, sidecar } = serving({ route: "iep", ...fields });
    const routes = ["iep", "ie", "iepp", "iep.1", "team-a.iep.0", "", undefined];
    assert.deepEqual(
      routes.map((route) => numberFor(vm, root, { cluster: "team-a/base", ...(route !== undefined && { route }) })),
      [1, undefined, undefined, undefined, undefined, undefined, undefined],
      JSON.stringify(fields),
    );
    const elsewhere = routed(vm, root, { cluster: "team-a/base", route: "web" });
    const headers: [string, string][] = [
      [":method", "POST"],
      [DESTINATION, "10.9.9.9:1"],
    ];
    const calls = callsDuring(vm, () => {
      elsewhere.onRequestHeaders(headers, false);
      elsewhere.onRequestBody(zeros(10), true);
    });
    assert.deepEqual(calls, ["proxy_get_property"], "one look at its route");
    assert.deepEqual(elsewhere.headers, new Map(headers));
    sidecar.pass(20);
    assert.equal(rig.metrics.value("inline_epp_picks_total"), 1);
  }
});

test("what the metadata say of requests without a pick goes before the configuration", () => {
  for (const [configured, said, open] of [
    ["FailClose", "FailOpen", true],
    ["FailOpen", "FailClose", false],
    ["FailOpen", undefined, true],
    ["FailClose", undefined, false],
    ["FailOpen", "else", false],
  ] as const) {
    const { vm, root } = serving({ poolFrom: "metadata", failureMode: configured });
    const stream = routed(vm, root, { metadata: "team-c/none" });
    if (said !== undefined) stream.properties.set(`${METADATA}failureMode`, said);
    stream.onRequestHeaders(POST, false);
    stream.onRequestBody(zeros(100), true);
    assert.equal(stream.localResponse === undefined, open, `${configured}, ${said}`);
    stream.close();
  }
});

test("a request without a body, for none of our pools, passes as well", () => {
  const { vm, root } = serving({ poolFrom: "route", hold: "self" });
  const stream = routed(vm, root, { route: "web" });
  assert.equal(stream.onRequestHeaders([[":method", "GET"]], true), HeadersStatus.continue);
  assert.equal(stream.localResponse, undefined);
  stream.close();
});

test("a pool that is ours by name and unknown to the sidecar goes by the failure mode, which names it", () => {
  for (const by of ["cluster", "route"] as const) {
    const closed = serving({ poolFrom: by });
    const { localResponse } = postTo(closed.vm, closed.root, { [by]: "team-c/none" });
    const expected = refused(503, "inline_epp_no_such_pool", "the sidecar has no such pool (team-c/none)");
    assert.deepEqual(localResponse, expected);
    assert.deepEqual(closed.rig.log, [
      'warn inline-epp: the sidecar has no pool "team-c/none", which requests ask for (poolFrom); ' +
        "requests go by failureMode",
    ]);
  }
  const { rig, vm, root } = serving({ poolFrom: "cluster", failureMode: "FailOpen", pools: { chat: "team-c/none" } });
  const stream = routed(vm, root, { cluster: "chat" });
  stream.onRequestHeaders([...POST, [DESTINATION, "10.9.9.9:1"]], false);
  assert.equal(stream.onRequestBody(zeros(1), true), DataStatus.continue);
  assert.equal(stream.localResponse, undefined);
  assert.equal(stream.headers?.has(DESTINATION), false, "it is ours: a client has no say");
  assert.equal(rig.logged(/no pool "team-c\/none"/).length, 1);
});

test("a pool without state or endpoints goes by the failure mode, which names it", () => {
  const rig = new Rig();
  const vm = rig.vm();
  const root = vm.createRoot(configuration({ pool: undefined, poolFrom: "cluster" }));
  assert.deepEqual(
    postTo(vm, root, { cluster: ISTIO }).localResponse,
    refused(503, "inline_epp_no_state", "no endpoint state for the pool yet (team-b/other)"),
  );
  assert.equal(rig.logged(/no endpoint state has come yet .* for pool "team-b\/other"/).length, 1);

  const empty = serving({ poolFrom: "cluster" }, { "team-a/base": [] });
  assert.equal(
    messageOf(postTo(empty.vm, empty.root, { cluster: "team-a/base" }).localResponse),
    "no endpoint of the pool takes requests (team-a/base)",
  );
});

test("a held request that the watchdog answers names its pool", () => {
  const { vm, root, sidecar } = serving({ poolFrom: "cluster", hold: "self", watchdog: "1s" });
  const stream = routed(vm, root, { cluster: "team-a/base" });
  stream.onRequestHeaders(POST, false);
  sidecar.pass(1100);
  assert.match(messageOf(stream.localResponse), / \(team-a\/base\)$/);
});

test("a pool that comes later is served from then on", () => {
  const { vm, root, sidecar, rig } = serving({ poolFrom: "cluster" });
  assert.equal(numberFor(vm, root, { cluster: "team-c/late" }), undefined);
  const late = sidecar.add("team-c/late", [endpoint(9)]);
  rig.stream.message(...late.frames([endpoint(9)]));
  assert.equal(numberFor(vm, root, { cluster: "team-c/late" }), 9);
});

test("there is room for as many pools as a sidecar has; another gets it where one has been left for a minute", () => {
  const { vm, root, sidecar } = serving({ poolFrom: "cluster" });
  for (let i = 0; i < MAX_POOLS; i++) pickFor(vm, root, { cluster: `many/pool-${i}` });
  assert.equal(numberFor(vm, root, { cluster: "team-a/base" }), undefined);
  for (let second = 0; second < 62; second++) {
    pickFor(vm, root, { cluster: "many/pool-7" });
    sidecar.pass(1000);
  }
  for (const [name, number] of [
    ["team-a/base", 1],
    ["team-b/other", 2],
    ["many/pool-7", undefined],
  ] as const) {
    assert.equal(numberFor(vm, root, { cluster: name }), number);
  }
  const again = postTo(vm, root, { cluster: "many/pool-9" });
  assert.match(messageOf(again.localResponse), / \(many\/pool-9\)$/);
});

test("sessions and plans are those of the request's pool", () => {
  const { rig, vm, root, sidecar } = serving({ poolFrom: "cluster" });
  const named = sidecar.add("team-c/sessions", [endpoint(7), endpoint(8)]);
  rig.stream.message(...named.frames([endpoint(7), endpoint(8)]), named.plan([profile("p", queue(), session(9))]));
  const token = (cluster: string) => {
    const stream = routed(vm, root, { cluster });
    stream.onRequestHeaders(POST, false);
    stream.onRequestBody(Buffer.from(JSON.stringify(completion("hello"))), true);
    answer(stream).close();
    return stream.responseHeaders?.get(SESSION_HEADER);
  };
  assert.equal(token("team-a/base"), undefined);
  const given = token("team-c/sessions");
  assert.ok(given);
  for (let i = 0; i < 5; i++) {
    const stream = routed(vm, root, { cluster: "team-c/sessions" });
    stream.onRequestHeaders([...POST, [SESSION_HEADER, given]], false);
    stream.onRequestBody(zeros(1), true);
    const name = { [endpoint(7).address]: "default/pod-7", [endpoint(8).address]: "default/pod-8" };
    assert.equal(name[stream.state.get("dest")?.split(",")[0] ?? ""], Buffer.from(given, "base64").toString());
  }
});

test("two roots in one worker have pools of their own", () => {
  const { vm, root, sidecar } = serving({ poolFrom: "cluster" });
  const fixed = vm.createRoot(configuration({ pool: "team-b/third" }));
  const mapped = vm.createRoot(configuration({ pool: undefined, poolFrom: "route", pools: { chat: "team-b/other" } }));
  sidecar.pass(20);
  assert.equal(numberFor(vm, root, { cluster: "team-a/base", route: "chat" }), 1);
  assert.equal(pickOnce(vm, fixed), endpoint(3).address);
  assert.equal(numberFor(vm, mapped, { cluster: "team-a/base", route: "chat" }), 2);
});

test("two workers that share data serve different pools from one stream", () => {
  const rig = new Rig();
  const sidecar = new TestSidecar(rig, POOLS);
  const first = rig.vm();
  const second = rig.vm();
  const one = first.createRoot(configuration({ pool: "team-a/base" }));
  const two = second.createRoot(configuration({ pool: undefined, poolFrom: "route", pools: { chat: "team-b/other" } }));
  sidecar.pass(300);
  assert.equal(rig.openStreams.length, 1);
  assert.equal(pickOnce(first, one), endpoint(1).address);
  assert.equal(numberFor(second, two, { route: "chat" }), 2);
});

test("endpoints of two pools know of each other's requests, as one address is one endpoint", () => {
  const both = [endpoint(1), endpoint(2)];
  const { vm, root } = serving({ poolFrom: "cluster" }, { "team-a/x": both, "team-a/y": both });
  const held = Array.from({ length: 4 }, (_, index) => postTo(vm, root, { cluster: `team-a/${"xy"[index % 2]}` }));
  const counts = held.map((stream) => stream.state.get("dest")?.split(",")[0]);
  assert.equal(counts.filter((address) => address === endpoint(1).address).length, 2);
});

test("bodies are cut into blocks as the request's own pool has it, and explained with its name", () => {
  const { rig, vm, root, sidecar } = serving({ poolFrom: "cluster", explainHeader: "x-explain" });
  const plan = [profile("p", queue(), prefix())];
  for (const [name, blockTokens] of [
    ["team-c/fine", 16],
    ["team-c/coarse", 64],
  ] as const) {
    const pool = sidecar.add(name, [endpoint(1)]);
    const [roster, , load] = pool.frames([endpoint(1)]) as [Uint8Array, Uint8Array, Uint8Array];
    rig.stream.message(roster, pool.plan(plan, { blockTokens }), load);
  }
  const body = Buffer.from(JSON.stringify(completion("p".repeat(1023)))); // 1,024 bytes with its end, 256 tokens
  const explained = (cluster: string) => {
    const stream = routed(vm, root, { cluster });
    stream.onRequestHeaders([...POST, ["x-explain", "1"]], false);
    stream.onRequestBody(body, true);
    stream.onResponseHeaders(undefined);
    const { pool, promptBlocks } = explanationOf(stream);
    stream.close();
    return { pool, promptBlocks };
  };
  assert.deepEqual(explained("team-c/fine"), { pool: "team-c/fine", promptBlocks: 16 });
  assert.deepEqual(explained("team-c/coarse"), { pool: "team-c/coarse", promptBlocks: 4 });
});
