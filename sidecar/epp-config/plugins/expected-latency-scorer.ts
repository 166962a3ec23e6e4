import { PLUGIN_EXPECTED_LATENCY_SCORER } from "../../../wire/layout.ts";
import { plugin, scoring } from "./plugin.ts";

/** By the time that an answer is expected to take. */
export const expectedLatencyScorer = plugin({
  type: "expected-latency-scorer",
  about: "Prefers endpoints where the answer is expected sooner, by what requests have taken there.",
  own: true,
  stage: "scorer",
  shape: {},
  steps: () => [scoring(PLUGIN_EXPECTED_LATENCY_SCORER)],
});
