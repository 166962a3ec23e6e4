import { PLUGIN_PREFIX_CACHE_SCORER } from "../../../wire/layout.ts";
import { counting, integer, number } from "../../support/fields.ts";
import { checkPrefixValues, type PrefixValues, prefixShape } from "../prefix-settings.ts";
import { idle, reference, withDefault } from "../shape.ts";
import { plugin, scoring } from "./plugin.ts";

const OWN = {
  matchLengthWeight: withDefault(
    "weight of the length that is matched, beside the share",
    number({ min: 0, max: 1 }),
    0,
  ),
  matchLengthScaleTokens: withDefault(
    "a length that scores 1; over 0 with a weight",
    counting("tokens", integer()),
    8192,
  ),
  prefixMatchInfoProducerName: reference("approx-prefix-cache-producer"),
};

const OLD = { hashBlockSize: idle("block size of old endpoint pickers", counting("characters", integer(0))) };

/**
 * By what endpoints hold of the prompt.
 * In the older API group the settings of the prefix index stand here rather than in a producer.
 */
export const prefixCacheScorer = plugin({
  type: "prefix-cache-scorer",
  about:
    "Prefers endpoints that hold more of the prompt: matched / all blocks, or by `matchLengthWeight` the length matched.",
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
