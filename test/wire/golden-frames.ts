// The objects behind wire/golden/frames.json: one frame of every kind, and what is awkward in each.

import {
  encodeAck,
  encodeBeat,
  encodeGone,
  encodeHello,
  encodeLoad,
  encodePlan,
  encodeRoster,
  encodeSync,
} from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { Ack, Hello, Load, Plan, Roster, Sample } from "../../wire/model.ts";

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
};

export const HELLO: Hello = { gateway: 0x0123456789abcdefn, node: "gateway-7f9c/größe" };
export const ACK: Ack = { sequence: 99n, accepted: 1204, refused: 2, reason: L.REFUSED_EPOCH };

/** Every frame of wire/golden/frames.json, by name. */
export const GOLDEN_FRAMES: Readonly<Record<string, () => Uint8Array>> = {
  "roster-empty": () => encodeRoster(ROSTER_EMPTY),
  "roster-three": () => encodeRoster(ROSTER_THREE),
  "load-three": () => encodeLoad(LOAD_THREE),
  "plan-default": () => encodePlan(PLAN_DEFAULT),
  "plan-two-profiles": () => encodePlan(PLAN_TWO_PROFILES),
  sync: () => encodeSync(),
  gone: () => encodeGone(POOL),
  beat: () => encodeBeat(),
  hello: () => encodeHello(HELLO),
  ack: () => encodeAck(ACK),
};
