import { PLUGIN_ACTIVE_REQUEST_SCORER } from "../../../wire/layout.ts";
import { number } from "../../support/fields.ts";
import { anyText, integerOr, lenient } from "../readers.ts";
import { idle, reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const MAX_BUSY_SCORE = 1;

/**
 * Prefers endpoints with fewer requests in flight: 1 up to idleThreshold, (max - n) / max x maxBusyScore above it.
 * requestTimeout is what the reference once forgot requests by; there too it has no effect any more.
 */
export const activeRequestScorer = plugin({
  type: "active-request-scorer",
  stage: "scorer",
  shape: {
    idleThreshold: withDefault(integerOr(0, 0), 0),
    maxBusyScore: withDefault(
      lenient(number(), (value) => (value >= 0 && value <= 1 ? value : MAX_BUSY_SCORE)),
      MAX_BUSY_SCORE,
    ),
    requestTimeout: idle(anyText),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
  steps: ({ idleThreshold, maxBusyScore }) => [
    scoring(PLUGIN_ACTIVE_REQUEST_SCORER, { parameters: [idleThreshold, maxBusyScore] }),
  ],
});
