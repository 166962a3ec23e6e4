// One pick, in the code that ships and in the V8 that runs this: the time from a request's figures to its destinations.

import { compileAssembly } from "../../test/harness/assembly-module.ts";
import { encodeLoad, encodePlan, encodeRoster } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { PlanStep } from "../../wire/model.ts";
import { PLAIN_SETTINGS } from "../../wire/plan-settings.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { median } from "../lib/table.ts";

const SIZES = [8, 100, 1000];
/** Blocks of the prompt: a usual one, and as many as are looked at by default. */
const BLOCKS = [32, 256];
/** What quick runs measure: what budgets are of. */
const QUICK = { profiles: ["our default", "the reference's default"], blocks: [32] };
/** Of which every endpoint holds the first ones, as of a system prompt; one holds all. */
const SHARED = 8;
const POOL = "default/base";
const RECEIVED_AT = 1_000_000n;

interface PickModule {
  allocate(bytes: number): number;
  setFrames(plan: number, planLength: number, roster: number, rosterLength: number, load: number, length: number): void;
  setBlocks(blocks: number, shared: number): void;
  run(times: number, now: bigint): number;
}

type Started = PickModule & { memory: WebAssembly.Memory };

const scorer = (plugin: number, weight: number, parameters: number[] = []): PlanStep => ({
  stage: L.STAGE_SCORER,
  plugin,
  name: "",
  weight,
  parameters,
});
const picker = (plugin: number): PlanStep => ({ stage: L.STAGE_PICKER, plugin, name: "", weight: 0, parameters: [3] });
const half: PlanStep = {
  stage: L.STAGE_FILTER,
  plugin: L.PLUGIN_LABEL_SELECTOR_FILTER,
  name: "",
  weight: 0,
  parameters: [],
  terms: [{ key: "half", operator: L.TERM_IN, values: ["yes"] }],
};
const standard = [
  scorer(L.PLUGIN_QUEUE_SCORER, 2),
  scorer(L.PLUGIN_KV_CACHE_UTILIZATION_SCORER, 2),
  scorer(L.PLUGIN_PREFIX_CACHE_SCORER, 3, [0, 8192]),
];

/** Profiles by name: the defaults, and what other plugins add or cost. */
const PROFILES: Readonly<Record<string, readonly PlanStep[]>> = {
  "our default": [scorer(L.PLUGIN_EXPECTED_LATENCY_SCORER, 1), picker(L.PLUGIN_MAX_SCORE_PICKER)],
  "the reference's default": [...standard, picker(L.PLUGIN_MAX_SCORE_PICKER)],
  "picker only": [picker(L.PLUGIN_MAX_SCORE_PICKER)],
  "half by label": [half, ...standard, picker(L.PLUGIN_MAX_SCORE_PICKER)],
  "in flight": [
    scorer(L.PLUGIN_ACTIVE_REQUEST_SCORER, 1, [0, 1]),
    scorer(L.PLUGIN_TOKEN_LOAD_SCORER, 1, [4_194_304]),
    picker(L.PLUGIN_MAX_SCORE_PICKER),
  ],
  "no-hit-lru": [scorer(L.PLUGIN_NO_HIT_LRU_SCORER, 1, [1024]), picker(L.PLUGIN_MAX_SCORE_PICKER)],
  latency: [scorer(L.PLUGIN_LATENCY_SCORER, 1, [0.8, 0.2, 0, 1, 1, 1]), picker(L.PLUGIN_MAX_SCORE_PICKER)],
  "weighted random": [...standard, picker(L.PLUGIN_WEIGHTED_RANDOM_PICKER)],
};

function frames(steps: readonly PlanStep[], size: number): [plan: Uint8Array, roster: Uint8Array, load: Uint8Array] {
  const rows = Array.from({ length: size }, (_, index) => index);
  const load = encodeLoad({
    pool: POOL,
    rosterEpoch: 1n,
    sequence: 1n,
    sentAt: 1n,
    freshFor: 2000,
    samples: rows.map((row) => ({
      ready: true,
      age: 5,
      counter: 1,
      waiting: (row * 7919) % 13,
      running: (row * 31) % 40,
      kvUsage: ((row * 37) % 100) / 100,
      blockSize: 16,
      blockCount: 1000,
      runningAdapters: [],
      waitingAdapters: [],
      maxAdapters: 0,
    })),
  });
  new DataView(load.buffer).setBigUint64(L.LOAD_RECEIVED_AT, RECEIVED_AT, true);
  const roster = encodeRoster({
    pool: POOL,
    epoch: 1n,
    endpoints: rows.map((row) => ({
      address: `10.0.${row >> 8}.${row & 255}:8000`,
      name: `default/pod-${row}`,
      zone: "",
      labels: { half: row % 2 === 0 ? "yes" : "no" },
      engine: L.ENGINE_VLLM,
      role: L.ROLE_ANY,
      rank: 0,
    })),
  });
  const profiles = [{ name: "default", steps }];
  return [encodePlan({ pool: POOL, epoch: 1n, profiles, settings: PLAIN_SETTINGS }), roster, load];
}

function fill(module: Started, steps: readonly PlanStep[], size: number, blocks: number): void {
  const [plan, roster, load] = frames(steps, size).map((bytes) => {
    const at = module.allocate(bytes.length);
    new Uint8Array(module.memory.buffer).set(bytes, at);
    return { at, length: bytes.length };
  }) as [{ at: number; length: number }, { at: number; length: number }, { at: number; length: number }];
  module.setFrames(plan.at, plan.length, roster.at, roster.length, load.at, load.length);
  module.setBlocks(blocks, Math.min(SHARED, blocks));
}

interface Measured {
  /** Nanoseconds per pick of each size, medians. */
  readonly nanoseconds: readonly number[];
  /** How many times the last size takes what the one before it does, the median over rounds in turns. */
  readonly growth: number;
}

/** Picks of every size in turns; rounds before them, while V8 still optimises, do not count. */
function measure(modules: readonly Started[], rounds: number): Measured {
  const one = () =>
    SIZES.map((size, index) => {
      const times = Math.ceil(400_000 / size);
      const start = process.hrtime.bigint();
      modules[index]!.run(times, RECEIVED_AT);
      return Number(process.hrtime.bigint() - start) / times;
    });
  for (let round = 0; round < 4; round++) one();
  const results = Array.from({ length: rounds }, one);
  return {
    nanoseconds: SIZES.map((_, index) => Math.round(median(results.map((round) => round[index]!)))),
    growth: median(results.map((round) => round.at(-1)! / round.at(-2)!)),
  };
}

export async function run({ quick, times, progress }: CaseOptions): Promise<CaseResult> {
  const start = await compileAssembly<PickModule>("pick-module.ts");
  const lines: ResultLine[] = [];
  const rows = [["profile", "blocks", ...SIZES.map((size) => `${size} endpoints, us`)]];
  for (const [profile, steps] of Object.entries(PROFILES)) {
    if (quick && !QUICK.profiles.includes(profile)) continue;
    progress(profile);
    for (const blocks of quick ? QUICK.blocks : BLOCKS) {
      const modules = SIZES.map((size) => {
        const module = start();
        fill(module, steps, size, blocks);
        return module;
      });
      const { nanoseconds, growth } = measure(modules, (quick ? 9 : 31) * times);
      for (const [index, endpoints] of SIZES.entries()) {
        lines.push({ case: "pick", profile, blocks, endpoints, us: nanoseconds[index]! / 1000 });
      }
      const what = "1,000 endpoints beside 100";
      lines.push({ case: "pick", profile, blocks, what, growth: Number(growth.toPrecision(3)) });
      rows.push([profile, `${blocks}`, ...nanoseconds.map((each) => (each / 1000).toFixed(2))]);
    }
  }
  return { lines, tables: [rows] };
}
