import { PLUGIN_PREFIX_CACHE_SCORER } from "../../../wire/layout.ts";
import { integer, number } from "../../support/fields.ts";
import { checkPrefixValues, type PrefixValues, prefixShape } from "../prefix-settings.ts";
import { idle, reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const OWN = {
  matchLengthWeight: withDefault(number({ min: 0, max: 1 }), 0),
  matchLengthScaleTokens: withDefault(integer(), 8192),
  prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
};

/** hashBlockSize counts characters, and only old endpoint pickers have it. */
const OLD = { hashBlockSize: idle(integer(0)) };

/**
 * Prefers endpoints that hold more of the prompt: matched / all blocks, or by matchLengthWeight the length matched.
 * In the older API group the settings of the prefix index stand here rather than in a producer.
 */
export const prefixCacheScorer = plugin({
  type: "prefix-cache-scorer",
  stage: "scorer",
  shape: (group) => (group === "llm-d.ai" ? OWN : { ...OWN, ...prefixShape(group), ...OLD }) as typeof OWN,
  parameterOf(name, group) {
    return group === "llm-d.ai" && Object.hasOwn(prefixShape(group), name) ? "approx-prefix-cache-producer" : undefined;
  },
  check(values, place, group) {
    const { matchLengthWeight, matchLengthScaleTokens } = values;
    if (matchLengthWeight > 0 && matchLengthScaleTokens <= 0) {
      place
        .at("matchLengthScaleTokens")
        .refuse(`must be over 0 with a matchLengthWeight, is ${matchLengthScaleTokens}`);
    }
    return group === "llm-d.ai" ? values : checkPrefixValues(values as typeof values & PrefixValues, place, group);
  },
  steps: ({ matchLengthWeight, matchLengthScaleTokens }) => [
    scoring(PLUGIN_PREFIX_CACHE_SCORER, { parameters: [matchLengthWeight, matchLengthScaleTokens] }),
  ],
});
