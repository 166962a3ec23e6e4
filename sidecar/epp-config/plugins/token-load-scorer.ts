import { PLUGIN_TOKEN_LOAD_SCORER } from "../../../wire/layout.ts";
import { counting } from "../../support/fields.ts";
import { integerOr } from "../readers.ts";
import { reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

/** 128 requests of 32,768 tokens. */
const THRESHOLD = 4_194_304;

/** By tokens in flight. */
export const tokenLoadScorer = plugin({
  type: "token-load-scorer",
  about: "Prefers endpoints with fewer tokens in flight: 1 - min(1, tokens / `queueThresholdTokens`).",
  stage: "scorer",
  shape: {
    queueThresholdTokens: withDefault(
      "tokens in flight that score 0",
      counting("tokens", integerOr(THRESHOLD, 1)),
      THRESHOLD,
    ),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
  steps: ({ queueThresholdTokens }) => [scoring(PLUGIN_TOKEN_LOAD_SCORER, { parameters: [queueThresholdTokens] })],
});
