import { PLUGIN_LOAD_AWARE_SCORER } from "../../../wire/layout.ts";
import { counting } from "../../support/fields.ts";
import { integerOr } from "../readers.ts";
import { withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const THRESHOLD = 128;

/** By waiting requests, beside a threshold. */
export const loadAwareScorer = plugin({
  type: "load-aware-scorer",
  about:
    "Prefers endpoints with fewer waiting requests: 0.5 for none, else 0.5 x (1 - min(waiting, `threshold`) / `threshold`).",
  stage: "scorer",
  shape: {
    threshold: withDefault("waiting requests that score 0", counting("requests", integerOr(THRESHOLD, 1)), THRESHOLD),
  },
  steps: ({ threshold }) => [scoring(PLUGIN_LOAD_AWARE_SCORER, { parameters: [threshold] })],
});
