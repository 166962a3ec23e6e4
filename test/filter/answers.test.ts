// Who really served, and what the filter learns from it.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";
import { bestOf, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { POST, picksOf, post, spread } from "./requests.ts";

const WARNING = /^warn inline-epp: an endpoint answered that was not picked: .*override_host/;

/** Requests in flight per endpoint, told by where the next burst goes: an idle pool levels out. */
function levels(start: () => FilterStream, addresses: readonly string[], burst: number): Record<string, number> {
  const sent = new Map<string, number>();
  for (let i = 0; i < burst; i++) {
    const first = picksOf(start())[0] ?? "none";
    sent.set(first, (sent.get(first) ?? 0) + 1);
  }
  const level = Math.max(...addresses.map((address) => sent.get(address) ?? 0));
  return Object.fromEntries(addresses.map((address) => [address, level - (sent.get(address) ?? 0)]));
}

test("an answer from the first of the list changes nothing", () => {
  const { rig, vm, root } = servingRig(3);
  const stream = post(vm, root);
  stream.onResponseHeaders(picksOf(stream)[0]);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 0);
  stream.close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("an answer from the second of the list, after a retry, moves the request in flight there", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = post(vm, root);
  const [first, second] = picksOf(stream) as [string, string];
  stream.onResponseHeaders(second);
  assert.deepEqual(
    levels(() => post(vm, root), [first, second], 9),
    { [first]: 0, [second]: 1 },
  );
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 0);
  assert.deepEqual(rig.logged(/warn/), []);
});

test("an answer from an endpoint that was not listed moves the count too, is counted and warned of once a minute", () => {
  const { rig, vm, root, pool } = servingRig(3);
  rig.stream.message(pool.plan(bestOf(1)));
  const disobey = () => {
    const stream = post(vm, root);
    const other = picksOf(stream)[0] === "10.0.0.1:8000" ? "10.0.0.2:8000" : "10.0.0.1:8000";
    stream.onResponseHeaders(other);
    return { stream, other };
  };
  const { stream, other } = disobey();
  assert.equal(rig.logged(WARNING).length, 1);
  const rest = ["10.0.0.1:8000", "10.0.0.2:8000", "10.0.0.3:8000"].filter((address) => address !== other);
  const burst: FilterStream[] = [];
  const start = () => {
    burst.push(post(vm, root));
    return burst.at(-1) as FilterStream;
  };
  assert.deepEqual(levels(start, [other, ...rest], 8), {
    [other]: 1,
    ...Object.fromEntries(rest.map((address) => [address, 0])),
  });
  for (const each of [...burst, stream]) each.close();
  for (let second = 0; second < 59; second++) {
    disobey().stream.close();
    rig.pass(1000);
    rig.stream.message(pool.load(samples(3)));
  }
  assert.equal(rig.logged(WARNING).length, 1);
  rig.pass(1000);
  disobey().stream.close();
  assert.equal(rig.logged(WARNING).length, 2);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 61);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("an answer from an address that no pool lists counts nowhere", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = post(vm, root);
  stream.onResponseHeaders("192.0.2.1:80");
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 1);
  stream.close();
});

test("a reply of the gateway's own changes nothing", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = post(vm, root);
  stream.onResponseHeaders(undefined);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 0);
  stream.close();
});

test("a list longer than what is remembered is never held against an endpoint", () => {
  const { rig, vm, root, pool } = servingRig(8);
  rig.stream.message(pool.plan(bestOf(4)));
  const four = post(vm, root);
  four.onResponseHeaders(picksOf(four)[3]);
  const ignored = post(vm, root);
  ignored.onResponseHeaders(endpoints(8).find(({ address }) => !picksOf(ignored).includes(address))?.address);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 1, "four are remembered");
  rig.stream.message(pool.plan(bestOf(5)));
  const five = post(vm, root);
  five.onResponseHeaders(endpoints(8).find(({ address }) => !picksOf(five).includes(address))?.address);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 1, "of five, the fifth is not");
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 3);
});

test("a request that went without a decision counts where it is answered", () => {
  const { rig, vm, root, pool } = servingRig(2, { failureMode: "FailOpen" });
  spread(vm, root, 1);
  rig.stream.message(pool.load(samples(2, { ready: false })));
  const stream = post(vm, root);
  assert.deepEqual(picksOf(stream), []);
  stream.onResponseHeaders("10.0.0.2:8000");
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 0, "there was nothing to obey");
  stream.close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});

test("an endpoint in two pools has one count", () => {
  const { rig, vm, root } = servingRig(2);
  const other = new FakePool("default/other");
  rig.stream.message(...other.frames(endpoints(2)));
  const second = vm.createRoot(JSON.stringify({ stateCluster: "sidecar", pool: "default/other" }));
  const busy = picksOf(post(vm, root))[0];
  assert.notEqual(picksOf(post(vm, second))[0], busy);
});

test("IPv6 endpoints are recognised by the address that Envoy shows", () => {
  const { rig, vm, root, pool } = servingRig(1);
  const address = "[2001:db8::1]:8000";
  rig.stream.message(pool.roster([{ ...endpoints(1)[0], address } as never]), pool.load(samples(1)));
  const stream = post(vm, root);
  assert.deepEqual(picksOf(stream), [address]);
  stream.onResponseHeaders(address);
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 0);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 1);
});

test("headers of an answer that came before any decision are no answer to one", () => {
  const { rig, vm, root } = servingRig(2);
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  stream.onResponseHeaders("10.0.0.1:8000");
  stream.close();
  rig.pass(20);
  assert.equal(rig.metrics.value("inline_epp_not_obeyed_total"), 0);
  assert.equal(rig.metrics.value("inline_epp_in_flight"), 0);
});
