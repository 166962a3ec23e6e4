import { PLUGIN_ACTIVE_REQUEST_SCORER } from "../../../wire/layout.ts";
import { counting, number } from "../../support/fields.ts";
import { anyText, integerOr, lenient } from "../readers.ts";
import { idle, reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const MAX_BUSY_SCORE = 1;

/** By requests in flight. */
export const activeRequestScorer = plugin({
  type: "active-request-scorer",
  about:
    "Prefers endpoints with fewer requests in flight: 1 up to `idleThreshold`, above it (max - n) / max x `maxBusyScore`.",
  stage: "scorer",
  shape: {
    idleThreshold: withDefault(
      "with no more than this an endpoint counts as idle",
      counting("requests", integerOr(0, 0)),
      0,
    ),
    maxBusyScore: withDefault(
      "the most that an endpoint scores that is not idle",
      lenient(
        number(),
        (value) => (value >= 0 && value <= 1 ? value : MAX_BUSY_SCORE),
        ` from 0 to 1; others count as ${MAX_BUSY_SCORE}`,
      ),
      MAX_BUSY_SCORE,
    ),
    requestTimeout: idle("after what time requests were once forgotten; without effect in the reference, too", anyText),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
  steps: ({ idleThreshold, maxBusyScore }) => [
    scoring(PLUGIN_ACTIVE_REQUEST_SCORER, { parameters: [idleThreshold, maxBusyScore] }),
  ],
});
