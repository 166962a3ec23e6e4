import { PLUGIN_MAX_SCORE_PICKER } from "../../../wire/layout.ts";
import { maxNumOfEndpoints } from "./destinations.ts";
import type { PluginDescriptor } from "./plugin.ts";

/** Lists the endpoints with the highest total score, best first. */
export const maxScorePicker: PluginDescriptor = {
  type: "max-score-picker",
  stage: "picker",
  wire: PLUGIN_MAX_SCORE_PICKER,
  parameters: [maxNumOfEndpoints],
};
