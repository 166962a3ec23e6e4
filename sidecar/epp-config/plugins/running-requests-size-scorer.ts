import { PLUGIN_RUNNING_REQUESTS_SIZE_SCORER } from "../../../wire/layout.ts";
import type { PluginDescriptor } from "./plugin.ts";

/** Prefers endpoints that serve fewer requests: (max - running) / (max - min), 1 where all are equal. */
export const runningRequestsSizeScorer: PluginDescriptor = {
  type: "running-requests-size-scorer",
  stage: "scorer",
  wire: PLUGIN_RUNNING_REQUESTS_SIZE_SCORER,
  parameters: [],
};
