import { PLUGIN_RUNNING_REQUESTS_SIZE_SCORER } from "../../../wire/layout.ts";
import { plugin, scoring } from "./plugin.ts";

/** By running requests. */
export const runningRequestsSizeScorer = plugin({
  type: "running-requests-size-scorer",
  about: "Prefers endpoints that serve fewer requests: (max - running) / (max - min), 1 where all are equal.",
  stage: "scorer",
  shape: {},
  steps: () => [scoring(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER)],
});
