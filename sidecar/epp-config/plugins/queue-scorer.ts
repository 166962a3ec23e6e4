import { PLUGIN_QUEUE_SCORER } from "../../../wire/layout.ts";
import { plugin, scoring } from "./plugin.ts";

/** By waiting requests. */
export const queueScorer = plugin({
  type: "queue-scorer",
  about: "Prefers endpoints with fewer waiting requests: (max - waiting) / (max - min), 1 where all are equal.",
  stage: "scorer",
  shape: {},
  steps: () => [scoring(PLUGIN_QUEUE_SCORER)],
});
