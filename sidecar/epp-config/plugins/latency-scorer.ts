import { PLUGIN_LATENCY_SCORER } from "../../../wire/layout.ts";
import { number, oneOf } from "../../support/fields.ts";
import { reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const weight = number({ min: 0 });

/** By expected and wanted latency. */
export const latencyScorer = plugin({
  type: "latency-scorer",
  about: "Scores by the headroom between the latency that is expected and the one that is wanted.",
  stage: "scorer",
  shape: {
    ttftWeight: withDefault("weight of the headroom of the first token", weight, 0.8),
    tpotWeight: withDefault("weight of the headroom of the others", weight, 0.2),
    headroomSelectionStrategy: withDefault(
      "which headroom is preferred: the least that suffices keeps the others for larger requests",
      oneOf("least", "most"),
      "least",
    ),
    compositeKVWeight: withDefault("weight of free KV-cache, where nothing is predicted", weight, 1),
    compositeQueueWeight: withDefault("weight of a short queue, likewise", weight, 1),
    compositePrefixWeight: withDefault("weight of a cached prompt, likewise", weight, 1),
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
