import { kvCacheUtilizationScorer } from "./kv-cache-utilization-scorer.ts";
import { maxScorePicker } from "./max-score-picker.ts";
import type { PluginDescriptor } from "./plugin.ts";
import { queueScorer } from "./queue-scorer.ts";
import { randomPicker } from "./random-picker.ts";
import { runningRequestsSizeScorer } from "./running-requests-size-scorer.ts";
import { singleProfileHandler } from "./single-profile-handler.ts";

/** Every plugin of this version. A new one is a file beside these and an entry here. */
export const PLUGINS: readonly PluginDescriptor[] = [
  queueScorer,
  kvCacheUtilizationScorer,
  runningRequestsSizeScorer,
  maxScorePicker,
  randomPicker,
  singleProfileHandler,
];

const BY_TYPE = new Map(PLUGINS.map((plugin) => [plugin.type, plugin]));

/** The plugin of that type, undefined where this version has none. */
export function pluginByType(type: string): PluginDescriptor | undefined {
  return BY_TYPE.get(type);
}
