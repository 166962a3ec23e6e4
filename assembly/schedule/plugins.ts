// From the plan's numbers to the code: a plugin's stage, what it needs to know, and how it is called.

import {
  PLUGIN_ACTIVE_REQUEST_SCORER, PLUGIN_CONTEXT_LENGTH_FILTER, PLUGIN_CONTEXT_LENGTH_SCORER,
  PLUGIN_EXPECTED_LATENCY_SCORER, PLUGIN_KV_CACHE_UTILIZATION_SCORER, PLUGIN_LABEL_SELECTOR_FILTER,
  PLUGIN_LATENCY_SCORER, PLUGIN_LOAD_AWARE_SCORER, PLUGIN_LORA_AFFINITY_SCORER, PLUGIN_MAX_SCORE_PICKER,
  PLUGIN_NO_HIT_LRU_SCORER, PLUGIN_PREFIX_CACHE_AFFINITY_FILTER, PLUGIN_PREFIX_CACHE_SCORER, PLUGIN_QUEUE_SCORER,
  PLUGIN_RANDOM_PICKER, PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, PLUGIN_SESSION_AFFINITY_SCORER,
  PLUGIN_SLO_HEADROOM_TIER_FILTER, PLUGIN_TOKEN_LOAD_SCORER, PLUGIN_WEIGHTED_RANDOM_PICKER, STAGE_FILTER, STAGE_PICKER,
  STAGE_SCORER,
} from "../../wire/layout.ts";
import { Pool } from "../state/pool.ts";
import { stepParameter, stepPlugin, stepRow, stepWeight } from "../wire/plan.ts";
import { filterByContextLength } from "./filters/context-length.ts";
import { filterByLabels } from "./filters/label-selector.ts";
import { filterByPrefixCacheAffinity } from "./filters/prefix-cache-affinity.ts";
import { filterBySloHeadroomTier } from "./filters/slo-headroom-tier.ts";
import { pickMaxScore } from "./pickers/max-score.ts";
import { pickRandom } from "./pickers/random.ts";
import { pickWeightedRandom } from "./pickers/weighted-random.ts";
import { scoreActiveRequest } from "./scorers/active-request.ts";
import { scoreContextLength } from "./scorers/context-length.ts";
import { scoreExpectedLatency } from "./scorers/expected-latency.ts";
import { scoreKvCacheUtilization } from "./scorers/kv-cache-utilization.ts";
import { scoreLatency } from "./scorers/latency.ts";
import { scoreLoadAware } from "./scorers/load-aware.ts";
import { scoreLoraAffinity } from "./scorers/lora-affinity.ts";
import { scoreNoHitLru } from "./scorers/no-hit-lru.ts";
import { scorePrefixCache } from "./scorers/prefix-cache.ts";
import { scoreQueue } from "./scorers/queue.ts";
import { scoreRunningRequestsSize } from "./scorers/running-requests-size.ts";
import { scoreSessionAffinity } from "./scorers/session-affinity.ts";
import { scoreTokenLoad } from "./scorers/token-load.ts";
import { NEEDS_MATCHED, NEEDS_SESSION, NEEDS_TPOT, NEEDS_TTFT } from "./signals.ts";

/** The stage at which a plugin works; 0 for a plugin that this filter does not have. */
export function stageOf(plugin: u32): u32 {
  switch (plugin) {
    case PLUGIN_LABEL_SELECTOR_FILTER:
    case PLUGIN_PREFIX_CACHE_AFFINITY_FILTER:
    case PLUGIN_SLO_HEADROOM_TIER_FILTER:
    case PLUGIN_CONTEXT_LENGTH_FILTER:
      return STAGE_FILTER;
    case PLUGIN_QUEUE_SCORER:
    case PLUGIN_KV_CACHE_UTILIZATION_SCORER:
    case PLUGIN_RUNNING_REQUESTS_SIZE_SCORER:
    case PLUGIN_PREFIX_CACHE_SCORER:
    case PLUGIN_LORA_AFFINITY_SCORER:
    case PLUGIN_TOKEN_LOAD_SCORER:
    case PLUGIN_ACTIVE_REQUEST_SCORER:
    case PLUGIN_LOAD_AWARE_SCORER:
    case PLUGIN_SESSION_AFFINITY_SCORER:
    case PLUGIN_NO_HIT_LRU_SCORER:
    case PLUGIN_CONTEXT_LENGTH_SCORER:
    case PLUGIN_LATENCY_SCORER:
    case PLUGIN_EXPECTED_LATENCY_SCORER:
      return STAGE_SCORER;
    case PLUGIN_MAX_SCORE_PICKER:
    case PLUGIN_RANDOM_PICKER:
    case PLUGIN_WEIGHTED_RANDOM_PICKER:
      return STAGE_PICKER;
    default:
      return 0;
  }
}

/** What a step of a plan reads beyond queue, running requests, KV cache use and requests in flight: NEEDS_ bits. */
export function needsOf(step: usize): u32 {
  switch (stepPlugin(step)) {
    case PLUGIN_PREFIX_CACHE_SCORER:
    case PLUGIN_TOKEN_LOAD_SCORER:
    case PLUGIN_NO_HIT_LRU_SCORER:
    case PLUGIN_EXPECTED_LATENCY_SCORER:
      return NEEDS_MATCHED;
    case PLUGIN_PREFIX_CACHE_AFFINITY_FILTER:
      return stepParameter(step, 3) == 1 ? NEEDS_MATCHED | NEEDS_TTFT : NEEDS_MATCHED;
    case PLUGIN_SLO_HEADROOM_TIER_FILTER:
    case PLUGIN_LATENCY_SCORER:
      return NEEDS_MATCHED | NEEDS_TTFT | NEEDS_TPOT;
    case PLUGIN_SESSION_AFFINITY_SCORER:
      return NEEDS_SESSION;
    default:
      return 0;
  }
}

/** Leaves only the candidates that the plan's filter at row `index` lets pass. */
export function runFilter(pool: Pool, index: u32): void {
  const step = stepRow(pool.plan, index);
  switch (stepPlugin(step)) {
    case PLUGIN_LABEL_SELECTOR_FILTER:
      return filterByLabels(pool.derived.table(index));
    case PLUGIN_PREFIX_CACHE_AFFINITY_FILTER:
      return filterByPrefixCacheAffinity(
        stepParameter(step, 0), stepParameter(step, 1), stepParameter(step, 2), stepParameter(step, 3),
        stepParameter(step, 4),
      );
    case PLUGIN_SLO_HEADROOM_TIER_FILTER:
      return filterBySloHeadroomTier(stepParameter(step, 0));
    case PLUGIN_CONTEXT_LENGTH_FILTER:
      return filterByContextLength(pool.derived.table(index));
  }
}

/** Adds the weighted scores of the plan's scorer at row `index` to the candidates' totals. */
export function runScorer(pool: Pool, index: u32): void {
  const step = stepRow(pool.plan, index);
  const weight = stepWeight(step);
  switch (stepPlugin(step)) {
    case PLUGIN_QUEUE_SCORER:
      return scoreQueue(weight);
    case PLUGIN_KV_CACHE_UTILIZATION_SCORER:
      return scoreKvCacheUtilization(weight);
    case PLUGIN_RUNNING_REQUESTS_SIZE_SCORER:
      return scoreRunningRequestsSize(weight);
    case PLUGIN_PREFIX_CACHE_SCORER:
      return scorePrefixCache(weight, stepParameter(step, 0), stepParameter(step, 1));
    case PLUGIN_LORA_AFFINITY_SCORER:
      return scoreLoraAffinity(weight, pool.load);
    case PLUGIN_TOKEN_LOAD_SCORER:
      return scoreTokenLoad(weight, stepParameter(step, 0));
    case PLUGIN_ACTIVE_REQUEST_SCORER:
      return scoreActiveRequest(weight, stepParameter(step, 0), stepParameter(step, 1));
    case PLUGIN_LOAD_AWARE_SCORER:
      return scoreLoadAware(weight, stepParameter(step, 0));
    case PLUGIN_SESSION_AFFINITY_SCORER:
      return scoreSessionAffinity(weight, pool.derived.names);
    case PLUGIN_NO_HIT_LRU_SCORER:
      return scoreNoHitLru(weight, stepParameter(step, 0));
    case PLUGIN_CONTEXT_LENGTH_SCORER:
      return scoreContextLength(weight, pool.derived.table(index));
    case PLUGIN_EXPECTED_LATENCY_SCORER:
      return scoreExpectedLatency(weight);
    case PLUGIN_LATENCY_SCORER:
      return scoreLatency(
        weight, stepParameter(step, 0), stepParameter(step, 1), stepParameter(step, 2), stepParameter(step, 3),
        stepParameter(step, 4), stepParameter(step, 5),
      );
  }
}

/** Fills the running list of picks by the plan's picker at row `index`. Returns how many there are. */
export function runPicker(pool: Pool, index: u32): u32 {
  const step = stepRow(pool.plan, index);
  const most = stepParameter(step, 0);
  switch (stepPlugin(step)) {
    case PLUGIN_RANDOM_PICKER:
      return pickRandom(most);
    case PLUGIN_WEIGHTED_RANDOM_PICKER:
      return pickWeightedRandom(most);
    default:
      return pickMaxScore(most);
  }
}
