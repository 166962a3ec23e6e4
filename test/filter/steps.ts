// Plans put together step by step.

import * as L from "../../wire/layout.ts";
import type { PlanProfile, PlanStep, PlanTerm } from "../../wire/model.ts";

/** A scorer of some weight. */
export function scorer(plugin: number, name: string, weight = 1, parameters: number[] = [], text = ""): PlanStep {
  return { stage: L.STAGE_SCORER, plugin, name, weight, parameters, text };
}

/** A filter. */
export function filter(plugin: number, name: string, parameters: number[] = [], text = ""): PlanStep {
  return { stage: L.STAGE_FILTER, plugin, name, weight: 0, parameters, text };
}

/** A filter by labels. */
export function labelFilter(name: string, ...terms: PlanTerm[]): PlanStep {
  return { ...filter(L.PLUGIN_LABEL_SELECTOR_FILTER, name), terms };
}

/** A picker of up to `most` endpoints. */
export function picker(most = 1, plugin: number = L.PLUGIN_MAX_SCORE_PICKER): PlanStep {
  return { stage: L.STAGE_PICKER, plugin, name: "picker", weight: 0, parameters: [most] };
}

/** A profile; without a picker of its own it picks the best one. */
export function profile(name: string, ...steps: PlanStep[]): PlanProfile {
  const complete = steps.at(-1)?.stage === L.STAGE_PICKER;
  return { name, steps: complete ? steps : [...steps, picker()] };
}

export const SESSION_HEADER = "x-session-token";

/** Scorers as plans mostly have them. */
export const queue = (weight = 1) => scorer(L.PLUGIN_QUEUE_SCORER, "queue", weight);
export const kvCache = (weight = 1) => scorer(L.PLUGIN_KV_CACHE_UTILIZATION_SCORER, "kv", weight);
export const prefix = (weight = 1) => scorer(L.PLUGIN_PREFIX_CACHE_SCORER, "prefix", weight);
export const tokenLoad = (threshold: number) => scorer(L.PLUGIN_TOKEN_LOAD_SCORER, "tokens", 1, [threshold]);
export const session = (weight = 1) => scorer(L.PLUGIN_SESSION_AFFINITY_SCORER, "session", weight, [], SESSION_HEADER);
export const latency = (weight = 1) => scorer(L.PLUGIN_LATENCY_SCORER, "latency", weight, [0.8, 0.2, 0, 1, 1, 1]);
