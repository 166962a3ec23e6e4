// The objects behind wire/golden/frames.json: one frame of every kind, and what is awkward in each.

import {
  encodeAck,
  encodeBeat,
  encodeFlight,
  encodeGone,
  encodeHello,
  encodeJournal,
  encodeLoad,
  encodePlan,
  encodePolicy,
  encodeRoster,
  encodeSync,
  encodeWant,
} from "../../wire/encode.ts";
import { encodeObserved } from "../../wire/encode-observed.ts";
import { encodeBudgets, encodeSpent } from "../../wire/encode-spent.ts";
import * as L from "../../wire/layout.ts";
import type {
  Ack,
  Budget,
  Flight,
  Hello,
  Journal,
  Load,
  Observation,
  Observed,
  Plan,
  Policy,
  Roster,
  Sample,
  Spend,
  TracedRequest,
  Want,
} from "../../wire/model.ts";
import { PLAIN_ADMISSION, PLAIN_BAND, PLAIN_SETTINGS } from "../../wire/plan-settings.ts";

const POOL = "default/base";

export const ROSTER_EMPTY: Roster = { pool: POOL, epoch: 1n, endpoints: [] };

/** IPv4 and IPv6, one and several labels, a label outside ASCII, zones, roles, ranks, equal texts. */
export const ROSTER_THREE: Roster = {
  pool: POOL,
  epoch: 7n,
  endpoints: [
    {
      address: "10.0.0.1:8000",
      name: "default/vllm-0",
      zone: "eu-west-1a",
      labels: { app: "vllm" },
      engine: L.ENGINE_VLLM,
      role: L.ROLE_ANY,
      rank: 0,
    },
    {
      address: "[2001:db8::8a2e:370:7334]:8001",
      name: "default/sglang-0",
      zone: "eu-west-1b",
      labels: { app: "sglang", owner: "Zoë 東京 🚀", "example.com/tier": "" },
      engine: L.ENGINE_SGLANG,
      role: L.ROLE_PREFILL_DECODE,
      rank: 1,
    },
    {
      address: "10.0.0.3:8000",
      name: "default/triton-0",
      zone: "",
      labels: {},
      engine: L.ENGINE_TRITON_TENSORRT_LLM,
      role: L.ROLE_ENCODE,
      rank: 65535,
    },
  ],
};

/** Busy with adapters; never scraped and not ready; stale, at the ends of its fields. */
const SAMPLES: readonly Sample[] = [
  {
    ready: true,
    age: 12,
    counter: 41,
    waiting: 3,
    running: 17,
    kvUsage: 0.625,
    blockSize: 16,
    blockCount: 27280,
    runningAdapters: ["sql-lora", "chat-lora"],
    waitingAdapters: ["code-lora"],
    maxAdapters: 4,
  },
  {
    ready: false,
    age: undefined,
    counter: 0,
    waiting: 0,
    running: 0,
    kvUsage: 0,
    blockSize: 0,
    blockCount: 0,
    runningAdapters: [],
    waitingAdapters: [],
    maxAdapters: 0,
  },
  {
    ready: true,
    age: 4294967294,
    counter: 65535,
    waiting: 4294967295,
    running: 4294967295,
    kvUsage: 1,
    blockSize: 64,
    blockCount: 1,
    runningAdapters: [],
    waitingAdapters: ["sql-lora"],
    maxAdapters: 65535,
  },
];

/** For ROSTER_THREE. */
export const LOAD_THREE: Load = {
  pool: POOL,
  rosterEpoch: ROSTER_THREE.epoch,
  sequence: 18_446_744_073_709_551_615n,
  sentAt: 1_700_000_000_123_456n,
  freshFor: 2000,
  samples: SAMPLES,
};

const queue = (weight: number) => ({
  stage: L.STAGE_SCORER,
  plugin: L.PLUGIN_QUEUE_SCORER,
  name: "queue-scorer",
  weight,
  parameters: [],
});
const usage = (weight: number) => ({
  stage: L.STAGE_SCORER,
  plugin: L.PLUGIN_KV_CACHE_UTILIZATION_SCORER,
  name: "kv-cache-utilization-scorer",
  weight,
  parameters: [],
});
const best = (most: number) => ({
  stage: L.STAGE_PICKER,
  plugin: L.PLUGIN_MAX_SCORE_PICKER,
  name: "max-score-picker",
  weight: 0,
  parameters: [most],
});

export const PLAN_DEFAULT: Plan = {
  pool: POOL,
  epoch: 1n,
  profiles: [{ name: "default", steps: [queue(2), usage(2), best(3)] }],
  settings: PLAIN_SETTINGS,
};

/** Profiles that share a plugin, every plugin there is, a fraction as weight. */
export const PLAN_TWO_PROFILES: Plan = {
  pool: POOL,
  epoch: 2n,
  profiles: [
    {
      name: "décode",
      steps: [
        queue(0.5),
        usage(1),
        {
          stage: L.STAGE_SCORER,
          plugin: L.PLUGIN_RUNNING_REQUESTS_SIZE_SCORER,
          name: "running",
          weight: 3,
          parameters: [],
        },
        best(16),
      ],
    },
    {
      name: "any",
      steps: [
        { stage: L.STAGE_PICKER, plugin: L.PLUGIN_RANDOM_PICKER, name: "random", weight: 0, parameters: [1, 2, 3, 4] },
      ],
    },
  ],
  settings: PLAIN_SETTINGS,
};

/** Filters with terms and texts, and a handler with all its parameters. */
export const PLAN_DISAGG: Plan = {
  pool: POOL,
  epoch: 3n,
  profiles: [
    {
      name: "decode",
      steps: [
        {
          stage: L.STAGE_FILTER,
          plugin: L.PLUGIN_LABEL_SELECTOR_FILTER,
          name: "decode-filter",
          weight: 0,
          parameters: [],
          terms: [
            { key: "llm-d.ai/role", operator: L.TERM_IN_OR_ABSENT, values: ["decode", "prefill-decode"] },
            { key: "größe", operator: L.TERM_EXISTS, values: [] },
          ],
        },
        {
          stage: L.STAGE_SCORER,
          plugin: L.PLUGIN_SESSION_AFFINITY_SCORER,
          name: "session",
          weight: 1.25,
          parameters: [],
          text: "x-session-token",
        },
        best(1),
      ],
    },
    {
      name: "prefill",
      steps: [
        {
          stage: L.STAGE_FILTER,
          plugin: L.PLUGIN_LABEL_SELECTOR_FILTER,
          name: "prefill-filter",
          weight: 0,
          parameters: [],
          terms: [{ key: "llm-d.ai/role", operator: L.TERM_IN, values: ["prefill"] }],
        },
        best(1),
      ],
    },
  ],
  settings: {
    handler: L.HANDLER_DISAGG,
    handlerParameters: [0, 1, -1, L.DECIDER_PREFIX, 512, 0, L.DECIDER_NEVER, 8000],
    blockTokens: 0,
    maxBlocks: 4096,
    lruBlocks: 0,
    outputRatio: 1.5,
    outputMax: 1024,
    admission: PLAIN_ADMISSION,
    limits: [],
    sampling: { sampler: L.SAMPLER_PARENT, ratio: 0.1 },
  },
};

/** Requests wait, in bands of every kind, at the ends of their fields. */
export const PLAN_FLOW: Plan = {
  ...PLAN_DEFAULT,
  epoch: 4n,
  settings: {
    ...PLAIN_SETTINGS,
    admission: {
      detector: L.DETECTOR_CONCURRENCY,
      detectorParameters: [100, 50_000, 0.25, 2],
      usageLimit: 0.9,
      flowControl: true,
      queueBytes: 18_446_744_073_709_551_615n,
      queueRequests: 10_000,
      ttl: 30_000,
      noEndpointTtl: 4_294_967_295,
      bands: [
        {
          kind: L.BAND_EXACT,
          priority: 2_147_483_647,
          maxBytes: 1n,
          maxRequests: 4_294_967_295,
          fairness: L.FAIRNESS_RECENT_TOKENS,
          order: L.ORDER_SLO_DEADLINE,
          halfLife: 0.5,
        },
        { ...PLAIN_BAND, kind: L.BAND_EXACT, priority: -2_147_483_648, order: L.ORDER_EDF },
        { ...PLAIN_BAND, kind: L.BAND_EXACT, priority: 0, fairness: L.FAIRNESS_ROUND_ROBIN },
        PLAIN_BAND,
        { ...PLAIN_BAND, kind: L.BAND_NEGATIVE, maxRequests: 7 },
      ],
    },
  },
};

/** Limits of clients and of all, of some models and of any, of requests, of tokens and of both. */
export const PLAN_LIMITS: Plan = {
  ...PLAN_DEFAULT,
  epoch: 5n,
  settings: {
    ...PLAIN_SETTINGS,
    limits: [
      {
        name: "clients",
        models: [],
        header: "x-api-key",
        perModel: true,
        requests: 100,
        tokens: 0,
        per: 60_000_000,
        burst: 6_000_000,
      },
      {
        name: "größe",
        models: ["llama", "größe"],
        header: "",
        perModel: false,
        requests: 0.5,
        tokens: 1e12,
        per: 1_000_000,
        burst: 86_400_000_000,
      },
    ],
  },
};

export const SPENT: readonly Spend[] = [
  { key: 1n, requests: 600_000, tokens: 0, requestDebt: 0, tokenDebt: 12.5 },
  { key: 18_446_744_073_709_551_615n, requests: -600_000, tokens: -1e9, requestDebt: 6e7, tokenDebt: 1e12 },
];

export const BUDGETS: readonly Budget[] = [
  { key: 1n, requestDebt: 600_000, tokenDebt: 0 },
  { key: 18_446_744_073_709_551_615n, requestDebt: 0.25, tokenDebt: 1e12 },
];

export const POLICY_EMPTY: Policy = { pool: POOL, epoch: 1n, objectives: [], rules: [] };

/** Priorities at their ends, an objective of a model; rules for several models and for any, with targets and without. */
export const POLICY_FULL: Policy = {
  pool: POOL,
  epoch: 2n,
  objectives: [
    { name: "critical", priority: 2_147_483_647 },
    { name: "größe", priority: -2_147_483_648, model: "llama" },
  ],
  rules: [
    {
      models: ["food-review", "recensión"],
      targets: [
        { model: "food-review-v1", weight: 90 },
        { model: "food-review-ß", weight: 10 },
      ],
    },
    { models: ["keep"], targets: [] },
    { models: [], targets: [{ model: "food-review-v1", weight: 1_000_000 }] },
  ],
};

export const FLIGHT: Flight = {
  owner: 0x0123456789abcdefn,
  entries: [
    { endpoint: 1n, requests: 2, tokens: 3000, prefill: 500 },
    { endpoint: 18_446_744_073_709_551_615n, requests: 4_294_967_295, tokens: 0, prefill: 4_294_967_295 },
  ],
};

export const JOURNAL: Journal = {
  owner: 0n,
  first: 41n,
  records: [
    { kind: L.RECORD_HELD, endpoint: 1n, values: [0x1111111111111111n, 18_446_744_073_709_551_615n] },
    { kind: L.RECORD_LOST, endpoint: 1n, values: [0x2222222222222222n] },
    { kind: L.RECORD_TTFT, endpoint: 18_446_744_073_709_551_615n, values: [512, 2048, 3, 16, 0.75, 123.5] },
    { kind: L.RECORD_TPOT, endpoint: 2n, values: [16, 0.75, 40_000, 21.25] },
  ],
};

export const WANT: Want = { all: true, pools: [0x0123456789abcdefn, 1n] };
export const HELLO: Hello = { gateway: 0x0123456789abcdefn, node: "gateway-7f9c/größe" };
export const ACK: Ack = { sequence: 99n, accepted: 1204, refused: 2, reason: L.REFUSED_EPOCH };

const BASE = { hash: 0x1234567890abcdefn, name: "base" };
const CUT = { hash: 2n ** 64n - 1n, name: "東京".repeat(42) };

/** A whole answer; one of the gateway itself to a request of no pool; figures at the ends of their fields. */
export const OBSERVATIONS: readonly Observation[] = [
  {
    pool: 7n,
    endpoint: 9n,
    model: BASE,
    target: CUT,
    priority: -5,
    status: 200,
    streamed: true,
    local: false,
    finish: L.FINISH_LENGTH,
    duration: 1_250_000,
    queued: 3000,
    ttft: 250_000,
    itl: 10_000,
    chunks: 101,
    requestBytes: 2048,
    answerBytes: 30_000,
    prompt: 512,
    output: 100,
    cached: 256,
    cachedKnown: true,
  },
  {
    pool: 0n,
    endpoint: 0n,
    model: undefined,
    target: undefined,
    priority: 0,
    status: 503,
    streamed: false,
    local: true,
    finish: L.FINISH_NONE,
    duration: 150,
    queued: 0,
    ttft: 0,
    itl: 0,
    chunks: 0,
    requestBytes: 0,
    answerBytes: 0,
    prompt: 0,
    output: 0,
    cached: 0,
    cachedKnown: false,
  },
  {
    pool: 2n ** 64n - 1n,
    endpoint: 2n ** 64n - 1n,
    model: "other",
    target: BASE,
    priority: -(2 ** 31),
    status: 999,
    streamed: true,
    local: true,
    finish: L.FINISH_OTHER,
    duration: 2 ** 32 - 1,
    queued: 2 ** 32 - 1,
    ttft: 2 ** 32 - 1,
    itl: 2 ** 32 - 1,
    chunks: 2 ** 32 - 1,
    requestBytes: 2 ** 32 - 1,
    answerBytes: 2 ** 32 - 1,
    prompt: 2 ** 32 - 1,
    output: 2 ** 32 - 1,
    cached: 2 ** 32 - 1,
    cachedKnown: false,
  },
];

/** One of another trace, explained; one that was turned away, of a trace of its own; at the ends of its fields. */
export const TRACED: readonly TracedRequest[] = [
  {
    record: 0,
    parent: { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" },
    started: 1_700_000_000_123_456n,
    whole: 120,
    decided: 3140,
    picked: 9n,
    objective: 0x1234567890abcdefn,
    details: "",
    explanation: '{"pool":"größe","promptTokens":1200,"promptBlocks":18,"profiles":[]}',
  },
  {
    record: 1,
    parent: undefined,
    started: 0n,
    whole: 0,
    decided: 0,
    picked: 0n,
    objective: 0n,
    details: "inline_epp_shed",
    explanation: "",
  },
  {
    record: 2,
    parent: { traceId: "f".repeat(32), spanId: "f".repeat(16) },
    started: 2n ** 64n - 1n,
    whole: 2 ** 32 - 1,
    decided: 2 ** 32 - 1,
    picked: 2n ** 64n - 1n,
    objective: 2n ** 64n - 1n,
    details: "é",
    explanation: "{}",
  },
];

/** What a worker tells with them. */
export const OBSERVED: Observed = {
  worker: 0x0123456789abcdefn,
  records: OBSERVATIONS,
  running: [
    { pool: 7n, model: BASE, requests: 3 },
    { pool: 0n, model: "other", requests: 2 ** 32 - 1 },
  ],
  waiting: [
    { pool: 7n, priority: 10, requests: 2, oldest: 1500 },
    { pool: 7n, priority: -(2 ** 31), requests: 1, oldest: 2 ** 32 - 1 },
    { pool: 0n, priority: 0, requests: 2 ** 32 - 1, oldest: 0 },
  ],
  traced: TRACED,
};

/** Every frame of wire/golden/frames.json, by name. */
export const GOLDEN_FRAMES: Readonly<Record<string, () => Uint8Array>> = {
  "roster-empty": () => encodeRoster(ROSTER_EMPTY),
  "roster-three": () => encodeRoster(ROSTER_THREE),
  "load-three": () => encodeLoad(LOAD_THREE),
  "plan-default": () => encodePlan(PLAN_DEFAULT),
  "plan-two-profiles": () => encodePlan(PLAN_TWO_PROFILES),
  "plan-disagg": () => encodePlan(PLAN_DISAGG),
  "plan-flow": () => encodePlan(PLAN_FLOW),
  "plan-limits": () => encodePlan(PLAN_LIMITS),
  "policy-empty": () => encodePolicy(POLICY_EMPTY),
  "policy-full": () => encodePolicy(POLICY_FULL),
  flight: () => encodeFlight(FLIGHT),
  journal: () => encodeJournal(JOURNAL),
  sync: () => encodeSync(),
  gone: () => encodeGone(POOL),
  beat: () => encodeBeat(),
  hello: () => encodeHello(HELLO),
  want: () => encodeWant(WANT),
  ack: () => encodeAck(ACK),
  observed: () => encodeObserved(OBSERVED),
  spent: () => encodeSpent(SPENT),
  budgets: () => encodeBudgets(BUDGETS),
};
