import { PLUGIN_QUEUE_SCORER } from "../../../wire/layout.ts";
import { plugin, scoring } from "./plugin.ts";

/** Prefers endpoints with fewer queued requests: (max - queued) / (max - min), 1 where all are equal. */
export const queueScorer = plugin({
  type: "queue-scorer",
  stage: "scorer",
  shape: {},
  steps: () => [scoring(PLUGIN_QUEUE_SCORER)],
});
