import { PLUGIN_LATENCY_SCORER } from "../../../wire/layout.ts";
import { number, oneOf } from "../../support/fields.ts";
import { reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const weight = number({ min: 0 });

/** Scores by the headroom between the latency that is expected and the one that is wanted. */
export const latencyScorer = plugin({
  type: "latency-scorer",
  stage: "scorer",
  shape: {
    ttftWeight: withDefault(weight, 0.8),
    tpotWeight: withDefault(weight, 0.2),
    headroomSelectionStrategy: withDefault(oneOf("least", "most"), "least"),
    compositeKVWeight: withDefault(weight, 1),
    compositeQueueWeight: withDefault(weight, 1),
    compositePrefixWeight: withDefault(weight, 1),
    latencyPredictionInfoProducerName: reference("predicted-latency-producer"),
    prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
  },
  steps: (values) => [
    scoring(PLUGIN_LATENCY_SCORER, {
      parameters: [
        values.ttftWeight,
        values.tpotWeight,
        values.headroomSelectionStrategy === "most" ? 1 : 0,
        values.compositeKVWeight,
        values.compositeQueueWeight,
        values.compositePrefixWeight,
      ],
    }),
  ],
});
