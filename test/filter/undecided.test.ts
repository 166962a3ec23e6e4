import assert from "node:assert/strict";
import { test } from "node:test";
import { DataStatus, HeadersStatus } from "../../sidecar/wasm-host/abi.ts";
import type { FilterVm } from "../../sidecar/wasm-host/vm.ts";
import { encodeGone, encodeSync } from "../../wire/encode.ts";
import { configuration, connectedRig, endpoint, endpoints, FakePool, samples, servingRig } from "./pools.ts";
import { refused } from "./refusals.ts";
import { callsDuring, DESTINATION, POST, pickOnce, picksOf, post, zeros } from "./requests.ts";
import type { Rig } from "./rig.ts";

const NO_STATE = refused(503, "inline_epp_no_state", "no endpoint state for the pool yet");
const NO_SUCH_POOL = refused(503, "inline_epp_no_such_pool", "the sidecar has no pool of the configured name");
const SEVERAL_POOLS = refused(
  503,
  "inline_epp_several_pools",
  "there are several pools, and the configuration names none",
);
const NO_ENDPOINT = refused(
  503,
  "inline_epp_no_endpoint",
  "no endpoint of the pool takes requests",
  "rejected-no-endpoints",
);

/** Situations in which there is no decision, and what FailClose answers. */
const SITUATIONS: readonly (readonly [
  string,
  (fields: Record<string, unknown>) => { rig: Rig; vm: FilterVm; root: number },
  typeof NO_STATE,
])[] = [
  ["before any state", (fields) => connectedRig(fields), NO_STATE],
  [
    "for a pool that the sidecar does not know",
    (fields) => servingRig(3, { pool: "default/other", ...fields }),
    NO_SUCH_POOL,
  ],
  [
    "where there are several pools and none is named",
    (fields) => {
      const it = servingRig(3, { pool: undefined, ...fields });
      it.rig.stream.message(...new FakePool("default/other").frames(endpoints(1)));
      return it;
    },
    SEVERAL_POOLS,
  ],
  [
    "for a pool that is not complete, beside one that is",
    (fields) => {
      const it = servingRig(3, { pool: "default/other", ...fields });
      it.rig.stream.message(new FakePool("default/other").plan());
      return it;
    },
    NO_STATE,
  ],
  [
    "for a pool that is gone, beside one that is not",
    (fields) => {
      const it = servingRig(3, fields);
      it.rig.stream.message(...new FakePool("default/other").frames(endpoints(1)));
      assert.ok(pickOnce(it.vm, it.root));
      it.rig.stream.message(encodeGone("default/base"));
      return it;
    },
    NO_SUCH_POOL,
  ],
  [
    "for a pool without a plan",
    (fields) => {
      const it = connectedRig(fields);
      const pool = new FakePool();
      it.rig.stream.message(pool.roster(endpoints(2)), pool.load(samples(2)));
      return it;
    },
    NO_STATE,
  ],
  [
    "for a pool without a load",
    (fields) => {
      const it = connectedRig(fields);
      const pool = new FakePool();
      it.rig.stream.message(pool.roster(endpoints(2)), pool.plan(), encodeSync());
      return it;
    },
    NO_STATE,
  ],
  [
    "for a pool that is gone",
    (fields) => {
      const it = servingRig(3, fields);
      assert.ok(pickOnce(it.vm, it.root));
      it.rig.stream.message(encodeGone("default/base"));
      return it;
    },
    NO_SUCH_POOL,
  ],
  [
    "before the sidecar has named all its pools, though it has named others",
    (fields) => {
      const it = connectedRig({ pool: "default/other", ...fields });
      it.rig.stream.message(...new FakePool().frames(endpoints(1)));
      return it;
    },
    NO_STATE,
  ],
  ["for a pool without endpoints", (fields) => servingRig(0, fields), NO_ENDPOINT],
  [
    "for a pool of which no endpoint is ready",
    (fields) => {
      const it = servingRig(2, fields);
      it.rig.stream.message(it.pool.load(samples(2, { ready: false })));
      return it;
    },
    NO_ENDPOINT,
  ],
];

for (const [situation, arrange, answer] of SITUATIONS) {
  test(`FailClose answers 503 ${situation}`, () => {
    const { rig, vm, root } = arrange({ failureMode: "FailClose" });
    const stream = vm.createStream(root);
    assert.equal(stream.onRequestHeaders(POST, false), HeadersStatus.continue);
    assert.equal(stream.onRequestBody(zeros(100), true), DataStatus.stopIterationNoBuffer);
    assert.deepEqual(stream.localResponse, answer);
    assert.deepEqual(picksOf(stream), []);
    stream.onResponseHeaders(undefined);
    stream.close();
    rig.pass(20);
    assert.equal(rig.metrics.value("inline_epp_failed_closed_total"), 1);
    assert.equal(rig.metrics.value("inline_epp_failed_open_total"), 0);
  });

  test(`FailOpen lets a request go without a decision ${situation}`, () => {
    const { rig, vm, root } = arrange({ failureMode: "FailOpen" });
    const stream = vm.createStream(root);
    stream.onRequestHeaders([...POST, [DESTINATION, "10.9.9.9:1"]], false);
    assert.equal(stream.onRequestBody(zeros(100), true), DataStatus.continue);
    assert.equal(stream.localResponse, undefined);
    assert.deepEqual(picksOf(stream), []);
    assert.equal(stream.headers?.has(DESTINATION), false);
    stream.close();
    rig.pass(20);
    assert.equal(rig.metrics.value("inline_epp_failed_open_total"), 1);
    assert.equal(rig.metrics.value("inline_epp_failed_closed_total"), 0);
  });
}

test("FailClose is what happens where nothing is configured", () => {
  const { vm, root } = connectedRig();
  assert.equal(post(vm, root).localResponse?.status, 503);
});

test("a request without a body is answered at its headers", () => {
  const { vm, root } = connectedRig({ hold: "self" });
  const stream = vm.createStream(root);
  assert.equal(stream.onRequestHeaders([[":method", "GET"]], true), HeadersStatus.stopIteration);
  assert.deepEqual(stream.localResponse, NO_STATE);
});

test("a request that trailers end is answered at its trailers", () => {
  const { vm, root } = connectedRig();
  const stream = vm.createStream(root);
  stream.onRequestHeaders(POST, false);
  stream.onRequestBody(zeros(10), false);
  assert.equal(stream.onRequestTrailers(), HeadersStatus.stopIteration);
  assert.deepEqual(stream.localResponse, NO_STATE);
});

test("without a pool in the configuration, the only one there is serves", () => {
  const { rig, vm, root } = connectedRig({ pool: undefined });
  const base = new FakePool("team-a/base");
  rig.stream.message(...base.start(endpoints(2)));
  assert.match(pickOnce(vm, root) ?? "", /^10\.0\.0\.[12]:8000$/);

  const other = new FakePool("team-b/other");
  rig.stream.message(other.roster([endpoint(9)]), other.plan());
  assert.ok(pickOnce(vm, root), "a pool that is not complete does not count");
  rig.stream.message(other.load(samples(1)));
  assert.equal(pickOnce(vm, root), undefined, "of two, none is the only one");

  rig.stream.message(encodeGone("team-a/base"));
  assert.equal(pickOnce(vm, root), "10.0.0.9:8000");
});

test("requests without a decision ask for state once each, whatever is missing", () => {
  for (const pool of ["default/base", "default/unknown"]) {
    const { vm, root } = connectedRig({ pool });
    post(vm, root).close();
    const stream = vm.createStream(root);
    stream.onRequestHeaders(POST, false);
    assert.deepEqual(
      callsDuring(vm, () => stream.onRequestBody(zeros(1), true)),
      ["proxy_get_buffer_bytes", "proxy_get_shared_data", "clock_time_get", "proxy_send_local_response"],
    );
  }
});

test("the log says once a minute which setting is wrong, for each reason", () => {
  const { rig, vm, root } = servingRig(1, { pool: "default/bsae" });
  const nameless = vm.createRoot(configuration({ pool: undefined }));
  rig.stream.message(...new FakePool("default/other").frames(endpoints(1)));
  for (let second = 0; second < 61; second++) {
    for (const each of [root, nameless]) post(vm, each).close();
    rig.pass(1000);
    rig.stream.message(encodeSync()); // a sidecar's answer to the pools of the second root
  }
  const misspelt = rig.logged(
    /^warn .* no pool "default\/bsae" \(pool\): is that the pool's namespace and name\?; requests go by failureMode$/,
  );
  assert.equal(misspelt.length, 2);
  assert.equal(rig.logged(/^warn .* several pools: name one of them \(pool\); requests go by failureMode$/).length, 2);
  assert.equal(rig.log.length, 4);
});

test("the log says that state is missing", () => {
  const { rig, vm, root } = connectedRig();
  post(vm, root).close();
  assert.equal(rig.logged(/^warn .* no endpoint state has come yet .*"sidecar" \(stateCluster\)/).length, 1);
});
