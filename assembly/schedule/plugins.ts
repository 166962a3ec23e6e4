import {
  PLUGIN_KV_CACHE_UTILIZATION_SCORER, PLUGIN_MAX_SCORE_PICKER, PLUGIN_QUEUE_SCORER, PLUGIN_RANDOM_PICKER,
  PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, STAGE_PICKER, STAGE_SCORER, STEP_PARAMETERS,
} from "../../wire/layout.ts";
import { pickMaxScore } from "./pickers/max-score.ts";
import { pickRandom } from "./pickers/random.ts";
import { scoreKvCacheUtilization } from "./scorers/kv-cache-utilization.ts";
import { scoreQueue } from "./scorers/queue.ts";
import { scoreRunningRequestsSize } from "./scorers/running-requests-size.ts";

/** The stage at which a plugin works; 0 for a plugin that this filter does not have. */
export function stageOf(plugin: u32): u32 {
  switch (plugin) {
    case PLUGIN_QUEUE_SCORER:
    case PLUGIN_KV_CACHE_UTILIZATION_SCORER:
    case PLUGIN_RUNNING_REQUESTS_SIZE_SCORER:
      return STAGE_SCORER;
    case PLUGIN_MAX_SCORE_PICKER:
    case PLUGIN_RANDOM_PICKER:
      return STAGE_PICKER;
    default:
      return 0;
  }
}

/** Adds a scorer's weighted scores to the candidates' totals. */
export function runScorer(plugin: u32, weight: f64): void {
  switch (plugin) {
    case PLUGIN_QUEUE_SCORER:
      return scoreQueue(weight);
    case PLUGIN_KV_CACHE_UTILIZATION_SCORER:
      return scoreKvCacheUtilization(weight);
    case PLUGIN_RUNNING_REQUESTS_SIZE_SCORER:
      return scoreRunningRequestsSize(weight);
  }
}

/** Fills the picks from the candidates; `step` is the picker's row in the plan. Returns how many. */
export function runPicker(plugin: u32, step: usize): u32 {
  const most = load<f64>(step, STEP_PARAMETERS);
  return plugin == u32(PLUGIN_RANDOM_PICKER) ? pickRandom(most) : pickMaxScore(most);
}
