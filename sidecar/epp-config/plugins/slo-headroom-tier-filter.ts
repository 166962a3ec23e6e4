import { PLUGIN_SLO_HEADROOM_TIER_FILTER } from "../../../wire/layout.ts";
import { number } from "../../support/fields.ts";
import { reference, withDefault } from "../shape.ts";
import { filtering, plugin } from "./plugin.ts";

/** By objectives. */
export const sloHeadroomTierFilter = plugin({
  type: "slo-headroom-tier-filter",
  about: `Keeps the endpoints that are expected to meet the request's objectives, and now and then only the others.`,
  stage: "filter",
  shape: {
    epsilonExploreNeg: withDefault(
      "share of requests for which only the others are kept",
      number({ min: 0, max: 1 }),
      0.01,
    ),
    latencyPredictionInfoProducerName: reference("predicted-latency-producer"),
  },
  steps: ({ epsilonExploreNeg }) => [filtering(PLUGIN_SLO_HEADROOM_TIER_FILTER, { parameters: [epsilonExploreNeg] })],
});
