// Decisions of the shipped module, against figures worked out by hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import { explain, StateNotTaken } from "../../../sidecar/explain/explain.ts";
import { jsonReport } from "../../../sidecar/explain/json-report.ts";
import { readSnapshot } from "../../../sidecar/explain/read-snapshot.ts";
import { type Look, type Report, textReport } from "../../../sidecar/explain/text-report.ts";
import { loadFilterModule } from "../../../sidecar/filter/module.ts";
import { planOf, poolOf, snapshotText, WORKED_EXAMPLE } from "./snapshots.ts";

const module = loadFilterModule();
const SHORT = { model: "m", prompt: "twelve bytes" };

interface Options {
  readonly body?: object;
  readonly headers?: readonly (readonly [string, string])[];
  readonly seed?: number;
  readonly endpoints?: number;
}

/** What is to be reported of a request where this is the only pool; the pool has its plan. */
function decide(pool: object, { body = SHORT, headers = [], seed = 1, endpoints = 20 }: Options = {}): Report {
  const snapshot = readSnapshot(snapshotText({ pools: [pool] }), "the test");
  const [read] = snapshot.pools;
  const plan = read!.plan!;
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const answer = explain(module, { pool: read!, plan, journals: [], body: bytes, headers, seed });
  return { pool: read!, plan, answer, endpoints, notes: [] };
}

function textOf(report: Report): string[] {
  return textReport(report, (_, text) => text).split("\n");
}

/** `count` idle endpoints. */
function idle(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({ address: `10.0.0.${index + 1}:8000` }));
}

const picker = { plugin: "max-score-picker" };
const equalPlan = planOf([{ plugin: "kv-cache-utilization-scorer", name: "kv" }, picker]);

test("JSON has every verdict, score and total of the worked example", () => {
  assert.deepEqual(JSON.parse(jsonReport(decide(WORKED_EXAMPLE))), {
    pool: "default/base",
    model: "m",
    targetModel: "m",
    priority: 0,
    promptTokens: 3,
    promptBlocks: 0,
    notes: [],
    profiles: [
      {
        name: "default",
        candidates: 4,
        endpoints: ["10.0.0.1:8000", "10.0.0.3:8000", "10.0.0.2:8000", "10.0.0.4:8000"],
        signals: {
          queue: [0, 1, 4, 0],
          running: [0, 0, 0, 0],
          kvUsage: [0.25, 0, 0.5, 0],
          inFlight: [0, 0, 0, 0],
          matchedBlocks: [0, 0, 0, 0],
        },
        steps: [
          { filter: "zone-a", kept: [1, 1, 1, 0], left: 3 },
          { scorer: "queue", weight: 2, scores: [1, 0.75, 0, null] },
          { scorer: "kv", weight: 1, scores: [0.75, 1, 0.5, null] },
          {
            picker: "max-score-picker",
            totals: [2.75, 2.5, 0.5, null],
            ties: 1,
            picks: ["10.0.0.1:8000", "10.0.0.3:8000"],
          },
        ],
      },
    ],
    notConsidered: [{ address: "10.0.0.5:8000", why: "not ready" }],
    decision: { destinations: ["10.0.0.1:8000", "10.0.0.3:8000"], prefill: null, encode: [], dataParallel: null },
  });
});

test("text has the same as a table, with what decided below it", () => {
  assert.deepEqual(textOf(decide(WORKED_EXAMPLE)), [
    "pool default/base; a prompt of 3 tokens, 0 blocks",
    "",
    "profile default: 4 of 5 endpoints to choose from",
    "",
    "endpoint       name           queue  running  KV use  in flight  matched blocks  zone-a        queue x 2          kv x 1   total",
    "10.0.0.1:8000  default/pod-1      0        0    0.25          0               0  kept     1.0000  2.0000  0.7500  0.7500  2.7500",
    "10.0.0.3:8000  default/pod-3      1        0       0          0               0  kept     0.7500  1.5000  1.0000  1.0000  2.5000",
    "10.0.0.2:8000  default/pod-2      4        0     0.5          0               0  kept     0.0000  0.0000  0.5000  0.5000  0.5000",
    "10.0.0.4:8000  default/pod-4      0        0       0          0               0  dropped               -               -       -",
    "",
    "picked 10.0.0.1:8000: 0.25 ahead of 10.0.0.3:8000",
    "dropped by zone-a: 10.0.0.4:8000",
    "",
    "not considered: 10.0.0.5:8000 (not ready)",
    "destination: 10.0.0.1:8000",
    "fallbacks: 10.0.0.3:8000",
    "",
  ]);
});

test("lines are coloured by what they are", () => {
  const looks: Record<string, Look> = {};
  textReport(decide(WORKED_EXAMPLE), (look, text) => {
    looks[text.split(" ")[0]!] = look;
    return text;
  });
  assert.deepEqual(looks, {
    profile: "title",
    endpoint: "head",
    "10.0.0.1:8000": "picked",
    "10.0.0.4:8000": "dropped",
  });
});

test("fewer endpoints are listed where fewer are asked for, and decide as before", () => {
  const report = decide(WORKED_EXAMPLE, { endpoints: 2 });
  const text = textOf(report);
  assert.ok(text.includes("and 2 more; --endpoints 4 lists them"), text.join("\n"));
  assert.ok(text.includes("picked 10.0.0.1:8000: 0.25 ahead of 10.0.0.3:8000"));
  const [profile] = JSON.parse(jsonReport(report)).profiles;
  assert.deepEqual(profile.endpoints, ["10.0.0.1:8000", "10.0.0.3:8000"]);
  assert.deepEqual(profile.steps[0], { filter: "zone-a", kept: [1, 1], left: 3 });
  assert.deepEqual(profile.steps[3].totals, [2.75, 2.5]);
  assert.deepEqual(profile.signals.kvUsage, [0.25, 0]);
});

test("equals are told to be equal, and chance is the seed's", () => {
  const picks = Array.from({ length: 40 }, (_, seed) => {
    const report = decide(poolOf(idle(3), { plan: equalPlan }), { seed });
    const text = textOf(report);
    const [picked] = report.answer.destinations;
    assert.ok(text.includes(`picked ${picked}: by chance among 3 endpoints that tie at 1`), text.join("\n"));
    return picked;
  });
  assert.equal(new Set(picks).size, 3, "in 40 seeds each comes first once");
});

test("the same question has the same answer", () => {
  const ask = () => jsonReport(decide(poolOf(idle(9), { plan: equalPlan }), { seed: 7 }));
  assert.equal(ask(), ask());
});

test("pickers that draw are told so", () => {
  const endpoints = [
    { address: "10.0.0.1:8000", kvUsage: 0.25 },
    { address: "10.0.0.2:8000", kvUsage: 0.75 },
  ];
  const kv = { plugin: "kv-cache-utilization-scorer", name: "kv" };
  const random = decide(poolOf(endpoints, { plan: planOf([kv, { plugin: "random-picker", name: "any" }]) }));
  const [first] = random.answer.destinations;
  assert.ok(textOf(random).includes(`picked ${first}: by chance among the 2 left (any)`));
  const weighted = decide(poolOf(endpoints, { plan: planOf([kv, { plugin: "weighted-random-picker", name: "any" }]) }));
  const [drawn] = weighted.answer.destinations;
  const chance = drawn === "10.0.0.1:8000" ? "75.0" : "25.0";
  assert.ok(textOf(weighted).includes(`picked ${drawn}: by chance, with a probability of ${chance} % (any)`));
});

test("an only endpoint needs no reason", () => {
  const text = textOf(decide(poolOf(idle(1), { plan: equalPlan })));
  assert.ok(text.includes("picked 10.0.0.1:8000: the only endpoint left"));
  assert.ok(text.includes("fallbacks: none"));
  assert.ok(
    text.some((line) => /^endpoint +queue /.test(line)),
    "no column of names that are the addresses",
  );
});

test("requests in flight that the sample cannot show are counted once", () => {
  const endpoints = [
    { address: "10.0.0.1:8000", running: 1, inFlight: { requests: 5, tokens: 600 } },
    { address: "10.0.0.2:8000", running: 8, inFlight: { requests: 5, tokens: 200 } },
  ];
  // Tokens in flight, and the three of the prompt, against a threshold of 1000: 1 - 0.603 and 1 - 0.203.
  const plan = planOf([{ plugin: "token-load-scorer", name: "tokens", parameters: [1000] }, picker]);
  const { explanation } = decide(poolOf(endpoints, { plan })).answer;
  const [profile] = explanation!.profiles;
  assert.deepEqual(profile!.endpoints, ["10.0.0.2:8000", "10.0.0.1:8000"]);
  assert.deepEqual(profile!.signals.inFlight, [5, 5]);
  assert.deepEqual(profile!.signals.running, [8, 5], "at least what is in flight");
  assert.deepEqual(profile!.steps[0], { scorer: "tokens", weight: 1, scores: [0.797, 0.397] });
});

test("what endpoints are not considered for is told", () => {
  const endpoints = [
    { address: "10.0.0.1:8000", age: 1999 },
    { address: "10.0.0.2:8000", age: 2001 },
    { address: "10.0.0.3:8000", age: null },
    { address: "10.0.0.4:8000", ready: false, age: null },
  ];
  const text = textOf(decide(poolOf(endpoints, { plan: equalPlan })));
  assert.ok(
    text.includes(
      "not considered: 10.0.0.2:8000 (its sample is 2001 ms old, fresh for 2000 ms), " +
        "10.0.0.3:8000 (never scraped), 10.0.0.4:8000 (not ready)",
    ),
    text.join("\n"),
  );
});

test("where nothing is fresh, requests in flight decide, and that is told", () => {
  const endpoints = [
    { address: "10.0.0.1:8000", age: 5000, waiting: 9, inFlight: { requests: 1 } },
    { address: "10.0.0.2:8000", age: null, inFlight: { requests: 2 } },
  ];
  const plan = planOf([{ plugin: "queue-scorer", name: "queue" }, picker]);
  const report = decide(poolOf(endpoints, { plan }));
  assert.deepEqual(report.answer.explanation!.profiles[0]!.signals.queue, [1, 2]);
  const text = textOf(report);
  assert.ok(
    text.includes(
      "no sample is fresh: all ready endpoints are considered, and requests in flight are all that is known",
    ),
    text.join("\n"),
  );
});

test("a request that no endpoint may serve is answered as the gateway would", () => {
  const plan = planOf([
    { plugin: "label-selector-filter", name: "gpu", terms: [{ key: "gpu", operator: "exists" }] },
    { plugin: "kv-cache-utilization-scorer", name: "kv" },
    picker,
  ]);
  const report = decide(poolOf(idle(2), { plan }));
  const text = textOf(report);
  assert.ok(text.includes("picked nothing: the filters leave no endpoint"));
  assert.ok(text.includes("dropped by gpu: 10.0.0.1:8000, 10.0.0.2:8000"));
  assert.match(text.at(-2)!, /^answered 429: inference error: ResourceExhausted/);
  assert.ok(
    text.some((line) => /^10\.0\.0\.1:8000 .* dropped +- +-$/.test(line)),
    text.join("\n"),
  );
  const { decision } = JSON.parse(jsonReport(report));
  assert.equal(decision.status, 429);
});

test("a pool that takes no requests gives no profile, and 503", () => {
  for (const endpoints of [[], [{ address: "10.0.0.1:8000", ready: false }]]) {
    const report = decide(poolOf(endpoints, { plan: equalPlan }));
    assert.deepEqual(report.answer.explanation!.profiles, []);
    assert.equal(report.answer.refusal?.status, 503);
    assert.match(textOf(report).at(-2)!, /^answered 503: /);
  }
});

test("headers reach the plugins", () => {
  const endpoints = idle(2).map((one, index) => ({ ...one, name: `default/pod-${index + 1}` }));
  const plan = planOf([
    { plugin: "session-affinity-scorer", name: "session", text: "x-session-token" },
    { plugin: "max-score-picker", parameters: [1] },
  ]);
  const token = Buffer.from("default/pod-2").toString("base64");
  const { answer } = decide(poolOf(endpoints, { plan }), { headers: [["x-session-token", token]] });
  assert.deepEqual(answer.destinations, ["10.0.0.2:8000"]);
  assert.deepEqual(answer.explanation!.profiles[0]!.steps[0], { scorer: "session", weight: 1, scores: [1, 0] });
});

test("a plan of several profiles shows each, and where its part of the work goes", () => {
  const role = (value: string) => ({
    plugin: "label-selector-filter",
    name: value,
    terms: [{ key: "llm-d.ai/role", operator: "in", values: [value] }],
  });
  const plan = {
    profiles: [
      { name: "decode", steps: [role("decode"), picker] },
      { name: "prefill", steps: [role("prefill"), picker] },
    ],
    // Profiles 0 and 1, none that encodes; prefill always runs.
    settings: { handler: "disagg", handlerParameters: [0, 1, -1, 1, 0, 0, 0, 0] },
  };
  const labelled = (address: string, value: string) => ({ address, labels: { "llm-d.ai/role": value } });
  const endpoints = [labelled("10.0.0.1:8000", "decode"), labelled("10.0.0.2:8000", "prefill")];
  const report = decide(poolOf(endpoints, { plan }), { body: { model: "m", prompt: "word ".repeat(400) } });
  const text = textOf(report);
  assert.ok(text.includes("dropped by decode: 10.0.0.2:8000"), text.join("\n"));
  assert.ok(text.includes("dropped by prefill: 10.0.0.1:8000"));
  assert.deepEqual(text.slice(-4), ["destination: 10.0.0.1:8000", "fallbacks: none", "prefill: 10.0.0.2:8000", ""]);
  assert.deepEqual(JSON.parse(jsonReport(report)).decision, {
    destinations: ["10.0.0.1:8000"],
    prefill: "10.0.0.2:8000",
    encode: [],
    dataParallel: null,
  });
});

test("a data-parallel rank is told beside the destination, which is its pod", () => {
  const plan = planOf([picker], { handler: "data-parallel", handlerParameters: [0, 0, 0, 0, 0, 0, 0, 7000] });
  const { answer, ...rest } = decide(poolOf(idle(1), { plan }));
  assert.deepEqual([answer.destinations, answer.dataParallel], [["10.0.0.1:7000"], "10.0.0.1:8000"]);
  assert.ok(textOf({ answer, ...rest }).includes("data-parallel rank: 10.0.0.1:8000"));
});

test("a state that the filter refuses is told with its reason", () => {
  const plan = planOf([picker], { handler: "single", handlerParameters: [5] });
  assert.throws(
    () => decide(poolOf(idle(1), { plan })),
    (error: Error) => {
      assert.ok(error instanceof StateNotTaken);
      assert.match(error.message, /^the filter does not take the state: inline-epp: frame refused, reason 7 /);
      return true;
    },
  );
});

const POLICIES = {
  objectives: [
    { name: "gold", priority: 5 },
    { name: "batch", priority: -1 },
    { name: "by-model", priority: 3, model: "chat" },
  ],
  rewrites: [
    { name: "first", rules: [{ models: ["chat"], targets: [{ model: "chat-v2", weight: 1 }] }] },
    { name: "second", rules: [{ models: ["chat"], targets: [{ model: "chat-v1", weight: 1 }] }] },
  ],
};
const chat = { model: "chat", prompt: "Hi" };

test("a model that a rule replaces is told, and endpoints are judged by the new one", () => {
  const endpoints = [
    { address: "10.0.0.1:8000", runningAdapters: ["chat"], maxAdapters: 1 },
    { address: "10.0.0.2:8000", runningAdapters: ["chat-v2"], maxAdapters: 1 },
  ];
  const plan = planOf([{ plugin: "lora-affinity-scorer", name: "lora" }, picker]);
  const report = decide(poolOf(endpoints, { plan, ...POLICIES }), { body: chat });
  assert.deepEqual(textOf(report).slice(0, 3), [
    "pool default/base; a prompt of 1 tokens, 0 blocks",
    "model chat-v2 in place of chat",
    "priority 3",
  ]);
  assert.deepEqual(report.answer.destinations, ["10.0.0.2:8000"]);
  const { model, targetModel, priority } = JSON.parse(jsonReport(report));
  assert.deepEqual([model, targetModel, priority], ["chat", "chat-v2", 3]);
  const without = decide(poolOf(endpoints, { plan }), { body: chat });
  assert.deepEqual(without.answer.destinations, ["10.0.0.1:8000"]);
});

test("a header's objective comes before the model's, and a header's model before all rules", () => {
  const pool = poolOf(idle(1), { plan: equalPlan, ...POLICIES });
  const headers = [
    ["x-llm-d-inference-objective", "gold"],
    ["x-llm-d-model-name-rewrite", "other"],
  ] as const;
  const { answer } = decide(pool, { body: chat, headers });
  assert.deepEqual([answer.model, answer.target, answer.priority], ["chat", "other", 5]);
});

/** Two endpoints whose queues are twice as long as the default of the detector allows. */
const busy = idle(2).map((one) => ({ ...one, waiting: 10 }));
test("a request of a priority below 0 is turned away where the pool is saturated, before endpoints are judged", () => {
  const headers = [["x-llm-d-inference-objective", "batch"]] as const;
  const report = decide(poolOf(busy, { plan: equalPlan, ...POLICIES }), { headers });
  assert.deepEqual(textOf(report), [
    "pool default/base",
    "priority -1",
    "",
    `answered 429: ${report.answer.refusal?.body}`,
    "",
  ]);
  const { decision, profiles } = JSON.parse(jsonReport(report));
  assert.deepEqual([decision.status, profiles], [429, undefined]);
  assert.equal(decide(poolOf(busy, { plan: equalPlan, ...POLICIES })).answer.refusal, undefined, "others go on");
});

test("with flow control a request waits for a saturated pool", () => {
  const plan = planOf([{ plugin: "kv-cache-utilization-scorer", name: "kv" }, picker], {
    admission: { flowControl: true },
  });
  const report = decide(poolOf(busy, { plan }));
  assert.deepEqual(textOf(report), [
    "pool default/base",
    "",
    "waits: the pool is saturated, or others wait before it",
    "",
  ]);
  assert.deepEqual(JSON.parse(jsonReport(report)).decision, { waits: true });
});
