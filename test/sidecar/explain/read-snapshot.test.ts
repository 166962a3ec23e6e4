import assert from "node:assert/strict";
import { test } from "node:test";
import { readSnapshot, SnapshotRefused } from "../../../sidecar/explain/read-snapshot.ts";
import { encodeBeat, encodeHello, encodeJournal } from "../../../wire/encode.ts";
import * as L from "../../../wire/layout.ts";
import { PLAIN_SETTINGS } from "../../../wire/plan-settings.ts";
import { planOf, poolOf, snapshotOf, snapshotText } from "./snapshots.ts";

const ADDRESS = "10.0.0.1:8000";

test("an address is enough for an endpoint: idle, ready, just scraped", () => {
  const { pool, journals } = snapshotOf([{ address: ADDRESS }]);
  assert.deepEqual(pool, {
    name: "default/base",
    freshFor: 2000,
    plan: undefined,
    endpoints: [
      {
        endpoint: { address: ADDRESS, name: ADDRESS, zone: "", labels: {}, engine: 0, role: 0, rank: 0 },
        sample: {
          ...{ ready: true, age: 0, counter: 1, waiting: 0, running: 0, kvUsage: 0, blockSize: 0, blockCount: 0 },
          ...{ runningAdapters: [], waitingAdapters: [], maxAdapters: 0 },
        },
        inFlight: { requests: 0, tokens: 0, prefill: 0 },
      },
    ],
    policies: { objectives: [], rewrites: [] },
  });
  assert.deepEqual(journals, []);
});

test("every field is read", () => {
  const { pool } = snapshotOf(
    [
      {
        ...{ address: "[fd00::1]:8000", name: "ns/a", zone: "z", labels: { l: "v" }, engine: "sglang", role: "decode" },
        ...{ rank: 3, ready: false, age: 12, waiting: 1, running: 2, kvUsage: 0.5, blockSize: 32, blockCount: 100 },
        ...{ runningAdapters: ["x"], waitingAdapters: ["y"], maxAdapters: 4 },
        inFlight: { requests: 5, tokens: 600, prefill: 70 },
      },
    ],
    { freshFor: 500 },
  );
  assert.equal(pool.freshFor, 500);
  assert.deepEqual(pool.endpoints, [
    {
      endpoint: {
        ...{ address: "[fd00::1]:8000", name: "ns/a", zone: "z", labels: { l: "v" } },
        ...{ engine: L.ENGINE_SGLANG, role: L.ROLE_DECODE, rank: 3 },
      },
      sample: {
        ...{ ready: false, age: 12, counter: 1, waiting: 1, running: 2, kvUsage: 0.5, blockSize: 32, blockCount: 100 },
        ...{ runningAdapters: ["x"], waitingAdapters: ["y"], maxAdapters: 4 },
      },
      inFlight: { requests: 5, tokens: 600, prefill: 70 },
    },
  ]);
});

test("labels tell engine and role where the fields do not", () => {
  const labels = { "inference.networking.k8s.io/engine-type": "sglang", "llm-d.ai/role": "prefill" };
  const { pool } = snapshotOf([
    { address: ADDRESS, labels },
    { address: "10.0.0.2:8000", labels, engine: "vllm", role: "any" },
  ]);
  assert.deepEqual(
    pool.endpoints.map(({ endpoint }) => [endpoint.engine, endpoint.role]),
    [
      [L.ENGINE_SGLANG, L.ROLE_PREFILL],
      [L.ENGINE_VLLM, L.ROLE_ANY],
    ],
  );
});

test("an age of null is that of an endpoint that was never scraped", () => {
  const { pool } = snapshotOf([{ address: ADDRESS, age: null }]);
  assert.equal(pool.endpoints[0]!.sample.age, undefined);
});

test("a plan is read by names, with what it leaves out filled in", () => {
  const plan = planOf(
    [
      { plugin: "label-selector-filter", terms: [{ key: "zone", operator: "not-in", values: ["a", "b"] }] },
      { plugin: "session-affinity-scorer", name: "session", weight: 0.5, text: "x-session" },
      { plugin: "queue-scorer" },
      { plugin: "random-picker", name: "any", parameters: [2] },
    ],
    { handler: "data-parallel", handlerParameters: [0, 0, 0, 0, 0, 0, 0, 8000], blockTokens: 16 },
  );
  const step = { weight: 0, parameters: [], terms: [], text: "" };
  assert.deepEqual(snapshotOf([], { plan }).pool.plan, {
    profiles: [
      {
        name: "default",
        steps: [
          {
            ...step,
            ...{ stage: L.STAGE_FILTER, plugin: L.PLUGIN_LABEL_SELECTOR_FILTER, name: "label-selector-filter" },
            terms: [{ key: "zone", operator: L.TERM_NOT_IN, values: ["a", "b"] }],
          },
          {
            ...step,
            ...{ stage: L.STAGE_SCORER, plugin: L.PLUGIN_SESSION_AFFINITY_SCORER, name: "session", weight: 0.5 },
            text: "x-session",
          },
          { ...step, stage: L.STAGE_SCORER, plugin: L.PLUGIN_QUEUE_SCORER, name: "queue-scorer", weight: 1 },
          { ...step, stage: L.STAGE_PICKER, plugin: L.PLUGIN_RANDOM_PICKER, name: "any", parameters: [2] },
        ],
      },
    ],
    settings: {
      ...PLAIN_SETTINGS,
      ...{ handler: L.HANDLER_DATA_PARALLEL, handlerParameters: [0, 0, 0, 0, 0, 0, 0, 8000], blockTokens: 16 },
    },
  });
});

test("policies are read, with what they leave out filled in", () => {
  const { pool } = snapshotOf([], {
    objectives: [
      { name: "gold", priority: 5 },
      { name: "by-model", model: "chat" },
    ],
    rewrites: [
      { name: "canary", rules: [{ models: ["chat"], targets: [{ model: "a" }, { model: "b", weight: 3 }] }, {}] },
    ],
  });
  assert.deepEqual(pool.policies, {
    objectives: [
      { name: "gold", priority: 5 },
      { name: "by-model", priority: 0, model: "chat" },
    ],
    rewrites: [
      {
        name: "canary",
        createdAt: 0,
        rules: [
          {
            models: ["chat"],
            targets: [
              { model: "a", weight: 1 },
              { model: "b", weight: 3 },
            ],
          },
          { models: [], targets: [] },
        ],
      },
    ],
  });
});

test("journals are frames in base64", () => {
  const frame = encodeJournal({ owner: 0n, first: 7n, records: [{ kind: 1, endpoint: 5n, values: [1n, 2n] }] });
  const text = snapshotText({ pools: [], journals: [Buffer.from(frame).toString("base64")] });
  assert.deepEqual(
    readSnapshot(text, "x").journals.map((bytes) => Buffer.from(bytes)),
    [Buffer.from(frame)],
  );
});

function base64(frame: Uint8Array): string {
  return Buffer.from(frame).toString("base64");
}

const picker = { plugin: "max-score-picker" };
const withEndpoint = (fields: object) => snapshotText({ pools: [poolOf([{ address: ADDRESS, ...fields }])] });
const withPlan = (plan: unknown) => snapshotText({ pools: [poolOf([], { plan })] });
const withSteps = (...steps: object[]) => withPlan(planOf(steps));
const withJournal = (journal: unknown) => snapshotText({ pools: [], journals: [journal] });

/** What is wrong, the text, and every problem that is told. */
const REFUSALS: readonly (readonly [string, string, readonly string[]])[] = [
  ["no JSON", "{", ["is not JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)"]],
  ["a list", "[]", ["must be a mapping with version, pools, journals, is a list"]],
  ["no version", '{"pools": []}', ["version: must be 1, the only one that this program reads, is missing"]],
  [
    "another version",
    '{"version": 2, "pools": []}',
    ["version: must be 1, the only one that this program reads, is 2"],
  ],
  ["no pools", '{"version": 1}', ["pools: must be a list, is missing"]],
  ["an unknown field", snapshotText({ pools: [], pool: 1 }), ['pool: unknown field, did you mean "pools"?']],
  [
    "a pool without a name",
    snapshotText({ pools: [{ endpoints: [] }] }),
    ["pools[0].name: must be a string, is missing"],
  ],
  [
    "a pool without endpoints",
    snapshotText({ pools: [{ name: "a" }] }),
    ["pools[0].endpoints: must be a list, is missing"],
  ],
  [
    "two pools of one name",
    snapshotText({ pools: [poolOf([]), poolOf([])] }),
    ['pools[1].name: "default/base" is already pools[0]'],
  ],
  [
    "two endpoints of one address",
    snapshotText({ pools: [poolOf([{ address: ADDRESS }, { address: ADDRESS }])] }),
    [`pools[0].endpoints[1].address: "${ADDRESS}" is already pools[0].endpoints[0]`],
  ],
  [
    "freshFor as text",
    snapshotText({ pools: [poolOf([], { freshFor: "2s" })] }),
    ['pools[0].freshFor: must be an integer from 0 to 4294967294, is "2s"'],
  ],
  [
    "an address without a port",
    withEndpoint({ address: "10.0.0.1" }),
    ['pools[0].endpoints[0].address: "10.0.0.1" is not ip:port or [ip6]:port'],
  ],
  [
    "several at once",
    withEndpoint({ waiting: -1, kvUsage: 1.5, ready: 1, age: 0.5 }),
    [
      "pools[0].endpoints[0].ready: must be true or false, is 1",
      "pools[0].endpoints[0].age: must be an integer from 0 to 4294967294, is 0.5",
      "pools[0].endpoints[0].waiting: must be an integer from 0 to 4294967295, is -1",
      "pools[0].endpoints[0].kvUsage: must be a finite number from 0 to 1, is 1.5",
    ],
  ],
  [
    "an unknown engine",
    withEndpoint({ engine: "tgi" }),
    ['pools[0].endpoints[0].engine: "tgi" is unknown, known are vllm, sglang, trtllm-serve, triton-tensorrt-llm'],
  ],
  [
    "an unknown engine by label",
    withEndpoint({ labels: { "llm-d.ai/engine-type": "tgi" } }),
    [
      'pools[0].endpoints[0].labels["llm-d.ai/engine-type"]: "tgi" is not a known engine ' +
        "(vllm, sglang, trtllm-serve, triton-tensorrt-llm)",
    ],
  ],
  [
    "an unknown role",
    withEndpoint({ role: 1 }),
    ["pools[0].endpoints[0].role: must be one of any, prefill, decode, prefill-decode, encode, is 1"],
  ],
  [
    "requests in flight as a number",
    withEndpoint({ inFlight: 3 }),
    ["pools[0].endpoints[0].inFlight: must be a mapping with requests, tokens, prefill, is 3"],
  ],
  [
    "an adapter that is no text",
    withEndpoint({ runningAdapters: [1] }),
    ["pools[0].endpoints[0].runningAdapters[0]: must be a string, is 1; put it in quotes"],
  ],
  ["a plan without profiles", withPlan({}), ["pools[0].plan.profiles: must be a list, is missing"]],
  [
    "a plan of no profiles",
    withPlan({ profiles: [] }),
    ["pools[0]: is more than a gateway takes: profiles is 0, must be an integer from 1 to 16"],
  ],
  [
    "a scorer behind the picker",
    withSteps(picker, { plugin: "queue-scorer" }),
    ["pools[0].plan.profiles[0].steps: must be filters, then scorers, then one picker"],
  ],
  [
    "no picker",
    withSteps({ plugin: "queue-scorer" }),
    ["pools[0].plan.profiles[0].steps: must be filters, then scorers, then one picker"],
  ],
  [
    "a picker with a weight",
    withSteps({ ...picker, weight: 1 }),
    ["pools[0].plan.profiles[0].steps[0].weight: only scorers have one; leave it out"],
  ],
  [
    "too many parameters",
    withSteps({ ...picker, parameters: [1, 2, 3, 4, 5, 6, 7, 8, 9] }),
    ["pools[0].plan.profiles[0].steps[0].parameters: 9 parameters, there may be 8"],
  ],
  [
    "a term of an unknown operator",
    withSteps({ plugin: "label-selector-filter", terms: [{ key: "a", operator: "=" }] }, picker),
    [
      "pools[0].plan.profiles[0].steps[0].terms[0].operator: " +
        '"=" is unknown, known are in, not-in, exists, does-not-exist, in-or-absent',
    ],
  ],
  [
    "an unknown plugin",
    withSteps({ plugin: "queue-score" }, picker),
    ['pools[0].plan.profiles[0].steps[0].plugin: "queue-score" is unknown, did you mean "queue-scorer"?'],
  ],
  [
    "an unknown handler",
    withPlan({ ...planOf([picker]), settings: { handler: "double" } }),
    ['pools[0].plan.settings.handler: "double" is unknown, known are single, disagg, data-parallel'],
  ],
  [
    "policies that nobody can have",
    snapshotText({
      pools: [
        poolOf([], {
          objectives: [{ priority: 0.5 }],
          rewrites: [{ name: "r", createdAt: 5, rules: [{ matches: [], targets: [{ weight: 0 }] }] }],
        }),
      ],
    }),
    [
      "pools[0].objectives[0].name: must be a string, is missing",
      "pools[0].objectives[0].priority: must be an integer from -2147483648 to 2147483647, is 0.5",
      "pools[0].rewrites[0].createdAt: must be a time such as 2026-01-02T03:04:05Z, is 5",
      "pools[0].rewrites[0].rules[0].matches: unknown field, known are models, targets",
      "pools[0].rewrites[0].rules[0].targets[0].model: must be a string, is missing",
      "pools[0].rewrites[0].rules[0].targets[0].weight: must be an integer from 1 to 1000000, is 0",
    ],
  ],
  ["a journal that is no text", withJournal(1), ["journals[0]: must be a string, is 1; put it in quotes"]],
  ["a journal that is no base64", withJournal("???"), ["journals[0]: is not base64"]],
  ["a journal of no frame", withJournal("AAAA"), ["journals[0]: is no frame: 3 bytes, a frame has at least 32"]],
  [
    "a journal of a gateway",
    withJournal(base64(encodeJournal({ owner: 9n, first: 0n, records: [] }))),
    ["journals[0]: must have owner 0, has 9"],
  ],
  [
    "a frame that is no journal",
    withJournal(base64(encodeHello({ gateway: 1n, node: "" }))),
    ["journals[0]: must be a JOURNAL frame, is HELLO"],
  ],
  [
    "a frame that only a sidecar sends",
    withJournal(base64(encodeBeat())),
    ["journals[0]: is no frame: kind 7 does not travel from a gateway to the sidecar"],
  ],
];

for (const [what, text, problems] of REFUSALS) {
  test(`refused: ${what}`, () => {
    assert.throws(
      () => readSnapshot(text, "state.json"),
      (error: Error) => {
        assert.ok(error instanceof SnapshotRefused);
        assert.equal(error.message, ["state.json is refused:", ...problems.map((line) => `  ${line}`)].join("\n"));
        return true;
      },
    );
  });
}
