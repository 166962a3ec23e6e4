import { PLUGIN_QUEUE_SCORER } from "../../../wire/layout.ts";
import type { PluginDescriptor } from "./plugin.ts";

/** Prefers endpoints with fewer queued requests: (max - queued) / (max - min), 1 where all are equal. */
export const queueScorer: PluginDescriptor = {
  type: "queue-scorer",
  stage: "scorer",
  wire: PLUGIN_QUEUE_SCORER,
  parameters: [],
};
