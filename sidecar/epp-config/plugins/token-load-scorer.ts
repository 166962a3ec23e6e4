import { PLUGIN_TOKEN_LOAD_SCORER } from "../../../wire/layout.ts";
import { integerOr } from "../readers.ts";
import { reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

/** 128 requests of 32,768 tokens. */
const THRESHOLD = 4_194_304;

/** Prefers endpoints with fewer tokens in flight: 1 - min(1, tokens / queueThresholdTokens). */
export const tokenLoadScorer = plugin({
  type: "token-load-scorer",
  stage: "scorer",
  shape: {
    queueThresholdTokens: withDefault(integerOr(THRESHOLD, 1), THRESHOLD),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
  steps: ({ queueThresholdTokens }) => [scoring(PLUGIN_TOKEN_LOAD_SCORER, { parameters: [queueThresholdTokens] })],
});
