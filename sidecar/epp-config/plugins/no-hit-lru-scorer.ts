import { PLUGIN_NO_HIT_LRU_SCORER } from "../../../wire/layout.ts";
import { counting } from "../../support/fields.ts";
import { anyText, integerOr } from "../readers.ts";
import { idle, reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const LRU_SIZE = 1024;

/** By who had no cold request for longest. */
export const noHitLruScorer = plugin({
  type: "no-hit-lru-scorer",
  about:
    "Spreads cold requests over the endpoints, those first that had none for longest; warm ones score 0.5 everywhere.",
  stage: "scorer",
  shape: {
    lruSize: withDefault(
      "endpoints whose last cold request is remembered",
      counting("endpoints", integerOr(LRU_SIZE, 1)),
      LRU_SIZE,
    ),
    prefixPluginType: idle("without effect in the reference, too", anyText),
    prefixPluginName: idle("without effect in the reference, too", anyText),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
  },
  steps: ({ lruSize }) => [scoring(PLUGIN_NO_HIT_LRU_SCORER, { parameters: [lruSize] })],
});
