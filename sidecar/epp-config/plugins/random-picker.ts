import { PLUGIN_RANDOM_PICKER } from "../../../wire/layout.ts";
import { maxNumOfEndpoints } from "./destinations.ts";
import type { PluginDescriptor } from "./plugin.ts";

/** Lists endpoints at random, whatever their scores. */
export const randomPicker: PluginDescriptor = {
  type: "random-picker",
  stage: "picker",
  wire: PLUGIN_RANDOM_PICKER,
  parameters: [maxNumOfEndpoints],
};
