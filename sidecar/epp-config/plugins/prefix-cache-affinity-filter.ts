import { PLUGIN_PREFIX_CACHE_AFFINITY_FILTER } from "../../../wire/layout.ts";
import { counting, number, oneOf } from "../../support/fields.ts";
import { reference, withDefault } from "../shape.ts";
import { filtering, plugin } from "./plugin.ts";

const share = number({ min: 0, max: 1 });
const PREDICTOR = "latencyPredictor";

/**
 * By what endpoints hold of the prompt.
 * In the older API group the time to the first token is always the predictor's, and breaks the affinity sooner.
 */
export const prefixCacheAffinityFilter = plugin({
  type: "prefix-cache-affinity-filter",
  about: "Keeps the endpoints that hold most of the prompt, unless they would answer that much later than the others.",
  stage: "filter",
  shape: (group) => {
    const newer = group === "llm-d.ai";
    return {
      affinityThreshold: withDefault(
        "share of the prompt's blocks from which on an endpoint is kept",
        number({ max: 1 }),
        0.8,
      ),
      explorationProbability: withDefault("share of requests for which all are kept", share, newer ? 0 : 0.01),
      maxTTFTPenaltyMs: withDefault(
        "how much later the first token may come than from the others; 0: however late",
        counting("milliseconds", number({ min: 0 })),
        newer ? 18_000 : 5000,
      ),
      ttftSource: withDefault(
        "what foresees the first token",
        oneOf(PREDICTOR, "prefillThroughput"),
        newer ? "prefillThroughput" : PREDICTOR,
      ),
      peakPrefillThroughput: withDefault(
        "with prefillThroughput: what an endpoint prefills",
        counting("tokens per second", number({ min: 0 })),
        15_928,
      ),
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
