import { DECIDER_ALWAYS, DECIDER_MULTIMODAL, DECIDER_NEVER, DECIDER_PREFIX } from "../../../wire/layout.ts";
import { counting, integer } from "../../support/fields.ts";
import { withDefault } from "../shape.ts";
import { plugin } from "./plugin.ts";

/** By what of the prompt is not cached where it decodes. */
export const prefixBasedPdDecider = plugin({
  type: "prefix-based-pd-decider",
  about: "Prefills elsewhere where enough of the prompt is not cached on the endpoint that decodes.",
  stage: "decider",
  shape: {
    nonCachedTokens: withDefault(
      "that many tokens that are not cached are enough; 0: never",
      counting("tokens", integer(0)),
      0,
    ),
    promptTokens: withDefault("shorter prompts are never prefilled elsewhere", counting("tokens", integer(0)), 0),
  },
  decide: ({ nonCachedTokens, promptTokens }) => ({
    decider: nonCachedTokens === 0 ? DECIDER_NEVER : DECIDER_PREFIX,
    nonCachedTokens,
    promptTokens,
  }),
});

/** Always prefills elsewhere. */
export const alwaysDisaggPdDecider = plugin({
  type: "always-disagg-pd-decider",
  about: "Always prefills elsewhere.",
  stage: "decider",
  shape: {},
  decide: () => ({ decider: DECIDER_ALWAYS, nonCachedTokens: 0, promptTokens: 0 }),
});

/** Encodes elsewhere where the prompt has images, audio or video. */
export const alwaysDisaggMultimodalDecider = plugin({
  type: "always-disagg-multimodal-decider",
  about: "Encodes elsewhere where the prompt has images, audio or video.",
  stage: "decider",
  shape: {},
  decide: () => ({ decider: DECIDER_MULTIMODAL, nonCachedTokens: 0, promptTokens: 0 }),
});
