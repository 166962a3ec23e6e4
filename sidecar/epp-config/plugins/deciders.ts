import { DECIDER_ALWAYS, DECIDER_MULTIMODAL, DECIDER_NEVER, DECIDER_PREFIX } from "../../../wire/layout.ts";
import { integer } from "../../support/fields.ts";
import { withDefault } from "../shape.ts";
import { plugin } from "./plugin.ts";

/** Prefills elsewhere where enough of the prompt is not cached on the decode endpoint; with nonCachedTokens 0 never. */
export const prefixBasedPdDecider = plugin({
  type: "prefix-based-pd-decider",
  stage: "decider",
  shape: { nonCachedTokens: withDefault(integer(0), 0), promptTokens: withDefault(integer(0), 0) },
  decide: ({ nonCachedTokens, promptTokens }) => ({
    decider: nonCachedTokens === 0 ? DECIDER_NEVER : DECIDER_PREFIX,
    nonCachedTokens,
    promptTokens,
  }),
});

/** Always prefills elsewhere. */
export const alwaysDisaggPdDecider = plugin({
  type: "always-disagg-pd-decider",
  stage: "decider",
  shape: {},
  decide: () => ({ decider: DECIDER_ALWAYS, nonCachedTokens: 0, promptTokens: 0 }),
});

/** Encodes elsewhere where the prompt has images, audio or video. */
export const alwaysDisaggMultimodalDecider = plugin({
  type: "always-disagg-multimodal-decider",
  stage: "decider",
  shape: {},
  decide: () => ({ decider: DECIDER_MULTIMODAL, nonCachedTokens: 0, promptTokens: 0 }),
});
