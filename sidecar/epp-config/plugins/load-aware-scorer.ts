import { PLUGIN_LOAD_AWARE_SCORER } from "../../../wire/layout.ts";
import { integerOr } from "../readers.ts";
import { withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const THRESHOLD = 128;

/** Prefers endpoints with shorter queues: 0.5 for none, else 0.5 x (1 - min(queued, threshold) / threshold). */
export const loadAwareScorer = plugin({
  type: "load-aware-scorer",
  stage: "scorer",
  shape: { threshold: withDefault(integerOr(THRESHOLD, 1), THRESHOLD) },
  steps: ({ threshold }) => [scoring(PLUGIN_LOAD_AWARE_SCORER, { parameters: [threshold] })],
});
