import { PLUGIN_PREFIX_CACHE_AFFINITY_FILTER } from "../../../wire/layout.ts";
import { number, oneOf } from "../../support/fields.ts";
import { reference, withDefault } from "../shape.ts";
import { filtering, plugin } from "./plugin.ts";

const share = number({ min: 0, max: 1 });
const PREDICTOR = "latencyPredictor";

/**
 * Keeps the endpoints that hold most of the prompt, unless they would answer that much later than the others.
 * In the older API group the time to the first token is always the predictor's, and breaks the affinity sooner.
 */
export const prefixCacheAffinityFilter = plugin({
  type: "prefix-cache-affinity-filter",
  stage: "filter",
  shape: (group) => {
    const newer = group === "llm-d.ai";
    return {
      affinityThreshold: withDefault(number({ max: 1 }), 0.8),
      explorationProbability: withDefault(share, newer ? 0 : 0.01),
      maxTTFTPenaltyMs: withDefault(number({ min: 0 }), newer ? 18_000 : 5000),
      ttftSource: withDefault(oneOf(PREDICTOR, "prefillThroughput"), newer ? "prefillThroughput" : PREDICTOR),
      peakPrefillThroughput: withDefault(number({ min: 0 }), 15_928),
      prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
      latencyPredictionInfoProducerName: reference("predicted-latency-producer"),
      inFlightLoadProducerName: reference("inflight-load-producer"),
    };
  },
  check(values, place) {
    if (values.ttftSource !== PREDICTOR && values.maxTTFTPenaltyMs > 0 && values.peakPrefillThroughput === 0) {
      place.at("peakPrefillThroughput").refuse("must be over 0 where ttftSource is prefillThroughput, is 0");
    }
    return values;
  },
  steps: (values) => [
    filtering(PLUGIN_PREFIX_CACHE_AFFINITY_FILTER, {
      parameters: [
        values.affinityThreshold,
        values.explorationProbability,
        values.maxTTFTPenaltyMs,
        values.ttftSource === PREDICTOR ? 1 : 0,
        values.peakPrefillThroughput,
      ],
    }),
  ],
});
