import { PLUGIN_EXPECTED_LATENCY_SCORER } from "../../../wire/layout.ts";
import { plugin, scoring } from "./plugin.ts";

/**
 * Prefers endpoints where the answer is expected sooner, by what requests have taken there. The references do not have
 * it.
 */
export const expectedLatencyScorer = plugin({
  type: "expected-latency-scorer",
  stage: "scorer",
  shape: {},
  steps: () => [scoring(PLUGIN_EXPECTED_LATENCY_SCORER)],
});
