import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigurationRefused } from "../../sidecar/wasm-host/vm.ts";
import { configuration } from "./pools.ts";
import { Rig } from "./rig.ts";

/** What the log says of a configuration: nothing, where it is accepted. */
function refusal(json: string): string | undefined {
  const rig = new Rig();
  try {
    rig.vm().createRoot(json);
  } catch (error) {
    assert.ok(error instanceof ConfigurationRefused);
    assert.equal(rig.log.length, 1);
    return rig.log[0];
  }
  assert.deepEqual(rig.log, []);
  return undefined;
}

test("the smallest and the fullest configuration are accepted", () => {
  assert.equal(refusal('{"stateCluster":"sidecar"}'), undefined);
  assert.equal(
    refusal(
      configuration({
        authority: "state.example:443",
        hold: "self",
        failureMode: "FailOpen",
        staleAfter: "500ms",
        watchdog: "2m",
      }),
    ),
    undefined,
  );
});

const REFUSED: readonly (readonly [string, string])[] = [
  ["", "it is empty, stateCluster is required"],
  ["{}", "stateCluster is required: the Envoy cluster of the sidecar's state stream"],
  ["[1]", "the configuration must be a JSON object"],
  ['{"stateCluster":"s"', "the configuration is not JSON: expected a comma or a closing brace"],
  ['{"stateCluster":"s"}x', "the configuration goes on after the closing brace"],
  ['{"stateCluster":5}', "stateCluster must be a string without escapes"],
  ['{"stateCluster":""}', 'stateCluster is "", must be 1 to 253 characters'],
  [configuration({ authority: "" }), 'authority is "", must be 1 to 253 characters'],
  [configuration({ pool: "" }), 'pool is "", must be 1 to 253 characters'],
  [configuration({ hold: "me" }), 'hold is "me", must be "buffer" or "self"'],
  [configuration({ failureMode: "open" }), 'failureMode is "open", must be "FailOpen" or "FailClose"'],
  [configuration({ staleAfter: "soon" }), 'staleAfter is "soon", must be a duration such as "500ms", "5s" or "2m"'],
  [configuration({ watchdog: "0s" }), 'watchdog is "0s", must be a duration such as "500ms", "5s" or "2m"'],
  [configuration({ watchdog: 5 }), "watchdog must be a string without escapes"],
  [
    configuration({ poolFrom: "cluster" }),
    "pool and poolFrom exclude each other: either all requests have one pool, or each has its own",
  ],
  [
    configuration({ pool: undefined, pools: { a: "default/base" } }),
    'pools needs poolFrom: are its names those of clusters ("cluster") or of routes ("route")?',
  ],
  [
    configuration({ poll: "default/base" }),
    'unknown field "poll"; fields: stateCluster, authority, route, pool, poolFrom, pools, hold, failureMode, staleAfter, watchdog, prefixMemory, explainHeader, errors, subset',
  ],
];

for (const [json, why] of REFUSED) {
  test(`the configuration ${json || "of no bytes"} is refused, and the log says why`, () => {
    assert.equal(refusal(json), `error inline-epp: configuration refused: ${why}`);
  });
}

test("a configuration as long as a proxy may give it is refused without harm", () => {
  const rig = new Rig();
  const vm = rig.vm();
  assert.throws(() => vm.createRoot(configuration({ pool: "p".repeat(1_000_000) })), ConfigurationRefused);
  assert.match(rig.log[0] ?? "", /^error inline-epp: configuration refused: pool is "p+$/);
  assert.ok((rig.log[0] ?? "").length <= 2100);
  vm.createRoot(configuration());
});

test("a worker that refused a configuration serves the next one", () => {
  const rig = new Rig();
  const vm = rig.vm();
  assert.throws(() => vm.createRoot("{}"), ConfigurationRefused);
  vm.createRoot(configuration());
  rig.pass(200);
  assert.equal(rig.openStreams.length, 1);
});

test("the stream goes to the configured cluster, under the configured authority", () => {
  const rig = new Rig();
  rig.vm().createRoot(configuration({ stateCluster: "outbound|9002||epp.ns", authority: "epp.ns:9002" }));
  rig.pass(200);
  assert.equal(rig.stream.path, "/inlineepp.v1.State/Stream");
  const names = Buffer.from(rig.stream.service).toString("latin1");
  assert.equal(names, "\x0a\x24\x0a\x15outbound|9002||epp.ns\x12\x0bepp.ns:9002");
});
