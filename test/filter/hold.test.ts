// What the filter does with each callback, and exactly which host functions it calls: each costs Envoy time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import { connectedRig, sample, servingRig } from "./pools.ts";
import { callsDuring, DESTINATION, POST, picksOf, zeros } from "./requests.ts";

const HEADERS = "proxy_get_header_map_pairs"; // once, and a removal only where there is something to remove
const STATE = ["proxy_get_shared_data", "clock_time_get"];

test("hold buffer: headers and body pass, the last piece decides", () => {
  const { vm, root } = servingRig(3);
  const stream = vm.createStream(root);
  // The first request reads the frames, the list of workers, what other gateways have in flight and which pools are in
  // use; what follows is every later one.
  const first = vm.createStream(root);
  const reading = callsDuring(vm, () => first.onRequestHeaders(POST, false));
  assert.equal(reading.filter((name) => name === "proxy_get_shared_data").length, 9);
  first.onRequestBody(zeros(1), true);

  let status = -1;
  assert.deepEqual(
    callsDuring(vm, () => {
      status = stream.onRequestHeaders(POST, false);
    }),
    ["clock_time_get", HEADERS],
  );
  assert.equal(status, HeadersStatus.continue);
  assert.deepEqual(
    callsDuring(vm, () => {
      status = stream.onRequestBody(zeros(4096), false);
    }),
    ["proxy_get_buffer_bytes"],
  );
  assert.equal(status, DataStatus.continue);
  assert.deepEqual(
    callsDuring(vm, () => {
      status = stream.onRequestBody(zeros(4096), true);
    }),
    [...STATE, "proxy_set_property"],
  );
  assert.equal(status, DataStatus.continue);
  const answered = callsDuring(vm, () => stream.onResponseHeaders(picksOf(stream)[0]));
  assert.deepEqual(answered, ["proxy_get_header_map_value", "proxy_get_property", "proxy_get_header_map_value"]);
  const ended = callsDuring(vm, () => stream.close());
  assert.deepEqual(ended, ["clock_time_get"]);
});

test("hold buffer: nothing is set on the header map, which may be gone by then", () => {
  const { vm, root } = servingRig(3);
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  stream.onRequestBody(zeros(1), true);
  assert.equal(stream.headers?.has(DESTINATION), false);
  assert.equal(picksOf(stream).length, 3);
});

test("hold self: headers and pieces wait, the last piece decides and sets the header", () => {
  const { vm, root } = servingRig(3, { hold: "self" });
  vm.createStream(root).onRequestHeaders(POST, true); // reads the state
  const first = vm.createStream(root);
  let status = -1;
  const held = callsDuring(vm, () => {
    status = first.onRequestHeaders(POST, false);
  });
  assert.deepEqual(
    held,
    ["clock_time_get", HEADERS, "clock_time_get"],
    "the watchdog takes the time until a body has been seen",
  );
  assert.equal(status, HeadersStatus.stopIteration);
  first.onRequestBody(zeros(1), true);

  const stream = vm.createStream(root);
  assert.deepEqual(
    callsDuring(vm, () => {
      status = stream.onRequestHeaders(POST, false);
    }),
    ["clock_time_get", HEADERS],
  );
  assert.equal(status, HeadersStatus.stopIteration);
  assert.deepEqual(
    callsDuring(vm, () => {
      status = stream.onRequestBody(zeros(4096), false);
    }),
    ["proxy_get_buffer_bytes"],
  );
  assert.equal(status, DataStatus.stopIterationAndBuffer);
  assert.deepEqual(
    callsDuring(vm, () => {
      status = stream.onRequestBody(zeros(4096), true);
    }),
    [...STATE, "proxy_replace_header_map_value"],
  );
  assert.equal(status, DataStatus.continue);
  assert.equal(stream.headers?.get(DESTINATION)?.split(",").length, 3);
  assert.equal(stream.state.has("dest"), false);
});

test("hold self: what a client says in a handler's header goes, whatever the plan and without any", () => {
  const names = ["x-prefiller-host-port", "x-encoder-hosts-ports", "x-data-parallel-host-port"];
  const spoofed = names.map((name) => [name, "10.9.9.9:9"] as [string, string]);
  for (const { vm, root } of [servingRig(2, { hold: "self" }), connectedRig({ hold: "self" })]) {
    const stream = vm.createStream(root);
    stream.onRequestHeaders([...POST, ...spoofed], false);
    for (const name of names) assert.equal(stream.headers?.has(name), false, name);
  }
});

test("a request without a body has nothing to be judged by: chance decides among the endpoints", () => {
  const { rig, vm, root, pool } = servingRig(2);
  rig.stream.message(pool.load([sample({ waiting: 50 }), sample()]));
  const firsts = Array.from({ length: 400 }, () => {
    const stream = vm.createStream(root);
    stream.onRequestHeaders([[":method", "GET"]], true);
    stream.close();
    return picksOf(stream)[0];
  });
  const busy = firsts.filter((address) => address === "10.0.0.1:8000").length;
  assert.ok(busy > 150 && busy < 250, `${busy} of 400`);
});

for (const hold of ["buffer", "self"]) {
  test(`hold ${hold}: a request without a body is decided with its headers`, () => {
    const { vm, root } = servingRig(5, { hold });
    const stream = vm.createStream(root);
    let status = -1;
    const calls = callsDuring(vm, () => {
      status = stream.onRequestHeaders([[":method", "GET"]], true);
    });
    assert.equal(status, HeadersStatus.continue);
    assert.equal(
      calls.filter((name) => name.includes("header_map") && name !== "proxy_replace_header_map_value").length,
      1,
    );
    assert.equal(calls.at(-1), hold === "self" ? "proxy_replace_header_map_value" : "proxy_set_property");
    const picked = hold === "self" ? stream.headers?.get(DESTINATION)?.split(",") : picksOf(stream);
    assert.equal(new Set(picked).size, 3);
    stream.onResponseHeaders(picked?.[0]);
    stream.close();
  });

  test(`hold ${hold}: trailers end a body whose last piece was not marked`, () => {
    const { vm, root } = servingRig(3, { hold });
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, false);
    stream.onRequestBody(zeros(100), false);
    assert.equal(stream.onRequestTrailers(), HeadersStatus.continue);
    assert.ok(hold === "self" ? stream.headers?.has(DESTINATION) : stream.state.has("dest"));
    stream.close();
  });

  test(`hold ${hold}: trailers behind a decided body decide nothing`, () => {
    const { vm, root } = servingRig(3, { hold });
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, false);
    stream.onRequestBody(zeros(100), true);
    assert.deepEqual(
      callsDuring(vm, () => stream.onRequestTrailers()),
      [],
    );
    stream.close();
  });

  test(`hold ${hold}: a client has no say in the destination`, () => {
    const { vm, root } = servingRig(3, { hold });
    const stream = vm.createStream(root);
    stream.onRequestHeaders([...POST, [DESTINATION, "169.254.169.254:80"]], false);
    assert.equal(stream.headers?.has(DESTINATION), false);
    stream.onRequestBody(zeros(100), true);
    assert.notEqual(stream.headers?.get(DESTINATION), "169.254.169.254:80");
    assert.deepEqual(
      callsDuring(vm, () => vm.createStream(root).onRequestHeaders([...POST, [DESTINATION, ""]], false)).slice(0, 3),
      ["clock_time_get", HEADERS, "proxy_remove_header_map_value"],
      "an empty one too",
    );
    const without = vm.createStream(root);
    without.onRequestHeaders([...POST, [DESTINATION, "169.254.169.254:80"]], true);
    assert.notEqual(without.headers?.get(DESTINATION), "169.254.169.254:80");
  });
}
