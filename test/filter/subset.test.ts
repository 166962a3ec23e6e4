import assert from "node:assert/strict";
import { test } from "node:test";
import { configuration, sample, servingRig } from "./pools.ts";
import { DESTINATION, POST, picksOf, zeros } from "./requests.ts";
import { Rig } from "./rig.ts";

const SUBSET = "metadata\0filter_metadata\0envoy.lb.subset_hint\0x-gateway-destination-endpoint-subset";
const READS = { subset: "metadata" };

type Serving = ReturnType<typeof servingRig>;

/** Where requests go whose gateway names a subset: every address that was listed; ends them. */
function listed({ vm, root }: Serving, subset: string | undefined, body = true): string[] {
  const seen = new Set<string>();
  for (let i = 0; i < 30; i++) {
    const stream = vm.createStream(root);
    if (subset !== undefined) stream.properties.set(SUBSET, subset);
    stream.onRequestHeaders(POST, !body);
    if (body) stream.onRequestBody(zeros(100), true);
    for (const address of picksOf(stream)) seen.add(address);
    if (stream.localResponse !== undefined) seen.add(String(stream.localResponse.status));
    stream.close();
  }
  return [...seen].sort();
}

const ALL = ["10.0.0.1:8000", "10.0.0.2:8000", "10.0.0.3:8000"];
const CASES: readonly (readonly [what: string, subset: string | undefined, listed: readonly string[]])[] = [
  ["none", undefined, ALL],
  ["one", "10.0.0.2:8000", ["10.0.0.2:8000"]],
  ["two, with blanks and a stranger", " 10.0.0.3:8000 ,10.9.9.9:1,10.0.0.1:8000", ["10.0.0.1:8000", "10.0.0.3:8000"]],
  ["an address for all its ports", "10.0.0.2", ["10.0.0.2:8000"]],
  ["empty", "", ["503"]],
  ["only commas", ",,", ["503"]],
  ["beginnings and ends of addresses", "10.0.0.1:800,0.0.1:8000,10.0.0.,8000,10.0.0.1:80000", ["503"]],
];
for (const [what, subset, expected] of CASES) {
  test(`a subset, ${what}, with a body and without`, () => {
    const serving = servingRig(3, READS);
    for (const body of [true, false]) {
      assert.deepEqual(listed(serving, subset, body), expected);
      assert.deepEqual(listed(serving, undefined, body), ALL, "the next request is free again");
    }
  });
}

test("a subset whose samples are all stale is kept to by requests in flight", () => {
  const serving = servingRig(3, READS);
  serving.rig.stream.message(serving.pool.load([sample({ age: 60_000 }), sample(), sample()]));
  assert.deepEqual(listed(serving, "10.0.0.1:8000"), ["10.0.0.1:8000"]);
});

test("where the configuration does not say so, no subset is looked at", () => {
  assert.deepEqual(listed(servingRig(3), "10.0.0.2:8000"), ALL);
  assert.deepEqual(listed(servingRig(3, { subset: "none" }), "10.0.0.2:8000"), ALL);
});

test("hold self: a request for nobody is answered, with no destination", () => {
  const { vm, root } = servingRig(3, { ...READS, hold: "self" });
  const stream = vm.createStream(root);
  stream.properties.set(SUBSET, "");
  stream.onRequestHeaders([...POST, [DESTINATION, "6.6.6.6:80"]], false);
  stream.onRequestBody(zeros(100), true);
  assert.equal(stream.localResponse?.status, 503);
  assert.equal(stream.headers?.has(DESTINATION), false);
});

test("another word is refused", () => {
  const rig = new Rig();
  assert.throws(() => rig.vm().createRoot(configuration({ subset: "header" })));
  assert.match(rig.log.at(-1)!, /subset is "header", must be "none" or "metadata"/);
});
