// Frames for the specs of the filter's plugins (test/assembly), made by the sidecar's encoder.

import { encodeLoad, encodePlan, encodeRoster } from "../../wire/encode.ts";
import * as L from "../../wire/layout.ts";
import type { Endpoint, Load, PlanProfile, PlanSettings, PlanStep, PlanTerm, Sample } from "../../wire/model.ts";
import { PLAIN_SETTINGS } from "../../wire/plan-settings.ts";
import { sample } from "./idle-sample.ts";

const POOL = "default/base";
const ROLE = "llm-d.ai/role";
const CONTEXT = "llm-d.ai/context-length-range";

function roster(labels: readonly Readonly<Record<string, string>>[]): Uint8Array {
  const endpoints = labels.map(
    (each, index): Endpoint => ({
      address: `10.0.0.${index + 1}:8000`,
      name: `default/pod-${index}`,
      zone: "",
      labels: each,
      engine: L.ENGINE_VLLM,
      role: L.ROLE_ANY,
      rank: 0,
    }),
  );
  return encodeRoster({ pool: POOL, epoch: 1n, endpoints });
}

function load(samples: readonly Partial<Sample>[]): Uint8Array {
  const frame: Load = {
    pool: POOL,
    rosterEpoch: 1n,
    sequence: 1n,
    sentAt: 1n,
    freshFor: 2000,
    samples: samples.map((fields) => sample(fields)),
  };
  return encodeLoad(frame);
}

function step(stage: number, plugin: number, fields: Partial<PlanStep> = {}): PlanStep {
  return { stage, plugin, name: "", weight: stage === L.STAGE_SCORER ? 1 : 0, parameters: [], ...fields };
}

function select(...terms: PlanTerm[]): PlanStep {
  return step(L.STAGE_FILTER, L.PLUGIN_LABEL_SELECTOR_FILTER, { terms });
}

const term = (key: string, operator: number, ...values: string[]): PlanTerm => ({ key, operator, values });
const scorer = (plugin: number, fields: Partial<PlanStep> = {}) => step(L.STAGE_SCORER, plugin, fields);
const best = (most = 1) => step(L.STAGE_PICKER, L.PLUGIN_MAX_SCORE_PICKER, { parameters: [most] });

function plan(profiles: readonly (readonly PlanStep[])[], settings: Partial<PlanSettings> = {}): Uint8Array {
  const named = profiles.map((steps, index): PlanProfile => ({ name: `profile-${index}`, steps }));
  return encodePlan({ pool: POOL, epoch: 1n, profiles: named, settings: { ...PLAIN_SETTINGS, ...settings } });
}

/** Decode among roles decode and none, prefill among prefill, encode among encode; two, one and two destinations. */
function disagg(handlerParameters: readonly number[]): Uint8Array {
  const decode = [select(term(ROLE, L.TERM_IN_OR_ABSENT, "decode")), scorer(L.PLUGIN_QUEUE_SCORER), best(2)];
  const prefill = [select(term(ROLE, L.TERM_IN, "prefill")), scorer(L.PLUGIN_NO_HIT_LRU_SCORER), best()];
  const encode = [select(term(ROLE, L.TERM_IN, "encode")), best(2)];
  return plan([encode, prefill, decode], { handler: L.HANDLER_DISAGG, handlerParameters });
}

const role = (value: string) => ({ [ROLE]: value });

/** The frames by the names that specs know them by. */
export const PLUGIN_FRAMES: Readonly<Record<string, () => Uint8Array>> = {
  "context-lengths": () =>
    roster([
      { [CONTEXT]: "0-2048" },
      { [CONTEXT]: "2048-8192" },
      { [CONTEXT]: "0-10000" },
      { [CONTEXT]: "4096-4096" },
      { other: "0-1" },
      ...["", "100", "5-1", "1-2-3", "a-b", "-5", "7-"].map((label) => ({ [CONTEXT]: label })),
    ]),
  "plan-context-length": () => plan([[scorer(L.PLUGIN_CONTEXT_LENGTH_SCORER, { text: CONTEXT }), best()]]),
  "load-adapters": () =>
    load([
      { runningAdapters: ["sql-lora", "chat-lora"], waitingAdapters: ["code-lora"], maxAdapters: 4 },
      { runningAdapters: ["sql-lora"], waitingAdapters: ["code-lora"], maxAdapters: 2 },
      { runningAdapters: ["code-lora"], waitingAdapters: ["sql-lora"], maxAdapters: 2 },
      { runningAdapters: ["chat-lora"], maxAdapters: 1 },
      {},
      { waitingAdapters: ["sql-lora"] },
      { runningAdapters: ["chat-lora"], maxAdapters: 2 },
    ]),
  labels: () =>
    roster([
      role("decode"),
      { ...role("prefill"), größe: "L" },
      { ...role("prefill-decode"), größe: "" },
      {},
      { "llm-d.ai/rôle": "decode" },
      { ...role("Decode"), tier: "a" },
      role("decode "),
      { tier: "decode" },
    ]),
  "labels-many": () => roster(Array.from({ length: 100 }, (_, i) => role(i % 3 === 0 ? "decode" : "prefill"))),
  "plan-selectors": () =>
    plan([
      [
        select(term(ROLE, L.TERM_IN, "decode", "prefill-decode")),
        select(term(ROLE, L.TERM_NOT_IN, "decode", "prefill")),
        select(term("größe", L.TERM_EXISTS)),
        select(term(ROLE, L.TERM_DOES_NOT_EXIST)),
        select(term(ROLE, L.TERM_IN_OR_ABSENT, "decode", "prefill-decode")),
        select(term(ROLE, L.TERM_EXISTS), term("größe", L.TERM_IN, "")),
        select(term(ROLE, L.TERM_IN)),
        select(),
        best(),
      ],
    ]),
  "roster-roles": () =>
    roster([role("decode"), role("prefill"), role("encode"), {}, role("prefill"), role("encode"), role("other")]),
  "load-roles": () => load(Array.from({ length: 7 }, (_, i) => ({ waiting: i }))),
  "plan-disagg-always": () => disagg([2, 1, 0, L.DECIDER_ALWAYS, 0, 0, L.DECIDER_ALWAYS, 0]),
  "plan-disagg-prefix": () => disagg([2, 1, -1, L.DECIDER_PREFIX, 100, 200, L.DECIDER_NEVER, 9000]),
  "plan-disagg-multimodal": () => disagg([2, -1, 0, L.DECIDER_ALWAYS, 0, 0, L.DECIDER_MULTIMODAL, 0]),
  "plan-data-parallel": () =>
    plan([[best()]], { handler: L.HANDLER_DATA_PARALLEL, handlerParameters: [0, 0, 0, 0, 0, 0, 0, 8000] }),
  "plan-none-passes": () => plan([[select(term(ROLE, L.TERM_IN, "nobody")), scorer(L.PLUGIN_QUEUE_SCORER), best()]]),
  "plan-cold": () => plan([[scorer(L.PLUGIN_NO_HIT_LRU_SCORER), best()]]),
  /** Every plugin, and in its second profile those that need nothing; a session header. */
  "plan-everything": () =>
    plan([
      [
        select(term(ROLE, L.TERM_EXISTS)),
        step(L.STAGE_FILTER, L.PLUGIN_PREFIX_CACHE_AFFINITY_FILTER, { parameters: [0.8, 0, 0, 0, 1000] }),
        step(L.STAGE_FILTER, L.PLUGIN_SLO_HEADROOM_TIER_FILTER),
        step(L.STAGE_FILTER, L.PLUGIN_CONTEXT_LENGTH_FILTER, { text: CONTEXT }),
        scorer(L.PLUGIN_PREFIX_CACHE_SCORER, { parameters: [0, 8192] }),
        scorer(L.PLUGIN_LORA_AFFINITY_SCORER),
        scorer(L.PLUGIN_TOKEN_LOAD_SCORER, { parameters: [4194304] }),
        scorer(L.PLUGIN_SESSION_AFFINITY_SCORER, { text: "x-session-token" }),
        scorer(L.PLUGIN_NO_HIT_LRU_SCORER, { parameters: [1024] }),
        scorer(L.PLUGIN_CONTEXT_LENGTH_SCORER, { text: CONTEXT }),
        scorer(L.PLUGIN_LATENCY_SCORER, { parameters: [0.8, 0.2, 0, 1, 1, 1] }),
        step(L.STAGE_PICKER, L.PLUGIN_WEIGHTED_RANDOM_PICKER, { parameters: [3] }),
      ],
      [
        scorer(L.PLUGIN_QUEUE_SCORER),
        scorer(L.PLUGIN_KV_CACHE_UTILIZATION_SCORER),
        scorer(L.PLUGIN_RUNNING_REQUESTS_SIZE_SCORER),
        scorer(L.PLUGIN_ACTIVE_REQUEST_SCORER, { parameters: [0, 1] }),
        scorer(L.PLUGIN_LOAD_AWARE_SCORER, { parameters: [128] }),
        step(L.STAGE_PICKER, L.PLUGIN_RANDOM_PICKER, { parameters: [1] }),
      ],
    ]),
};
