import { PLUGIN_NO_HIT_LRU_SCORER } from "../../../wire/layout.ts";
import { anyText, integerOr } from "../readers.ts";
import { idle, reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const LRU_SIZE = 1024;

/**
 * Spreads cold requests over the endpoints, those first that had none for longest; warm ones score 0.5 everywhere.
 * prefixPluginType and prefixPluginName have no effect in the reference either.
 */
export const noHitLruScorer = plugin({
  type: "no-hit-lru-scorer",
  stage: "scorer",
  shape: {
    lruSize: withDefault(integerOr(LRU_SIZE, 1), LRU_SIZE),
    prefixPluginType: idle(anyText),
    prefixPluginName: idle(anyText),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
  },
  steps: ({ lruSize }) => [scoring(PLUGIN_NO_HIT_LRU_SCORER, { parameters: [lruSize] })],
});
