import { DECIDER_ALWAYS, DECIDER_MULTIMODAL, DECIDER_PREFIX, HANDLER_DISAGG } from "../../../wire/layout.ts";
import { Slot } from "../../state/slots.ts";
import { handlerParameter, planHandler } from "../../wire/plan.ts";
import { images, promptTokens, uncachedTokens } from "../inputs.ts";
import { matchedOf } from "../signals.ts";

// Parameters of the handler.
const PREFILL_PROFILE: u32 = 1;
const ENCODE_PROFILE: u32 = 2;
const PREFILL_DECIDER: u32 = 3;
const NON_CACHED_TOKENS: u32 = 4;
const PROMPT_TOKENS: u32 = 5;
const ENCODE_DECIDER: u32 = 6;

/**
 * disagg-profile-handler, prefill: the profile that picks who computes the prompt for the decode endpoint `decode`.
 * -1 where the plan has none, or its decider sees no use in it.
 */
export function prefillProfile(plan: usize, decode: Slot): i32 {
  return profileFor(plan, PREFILL_PROFILE, PREFILL_DECIDER, decode);
}

/** disagg-profile-handler, encode: likewise, the profile that picks who encodes images, audio and video. */
export function encodeProfile(plan: usize, decode: Slot): i32 {
  return profileFor(plan, ENCODE_PROFILE, ENCODE_DECIDER, decode);
}

/** Whether the handler asks how much of a prompt an endpoint holds, whatever its profiles do. */
export function decidesByPrefix(plan: usize): bool {
  if (planHandler(plan) != u32(HANDLER_DISAGG)) return false;
  const prefix = f64(DECIDER_PREFIX);
  return handlerParameter(plan, PREFILL_DECIDER) == prefix || handlerParameter(plan, ENCODE_DECIDER) == prefix;
}

function profileFor(plan: usize, profile: u32, decider: u32, decode: Slot): i32 {
  if (planHandler(plan) != u32(HANDLER_DISAGG)) return -1;
  const row = i32(handlerParameter(plan, profile));
  return row >= 0 && decides(plan, u32(handlerParameter(plan, decider)), decode) ? row : -1;
}

function decides(plan: usize, decider: u32, decode: Slot): bool {
  switch (decider) {
    case DECIDER_ALWAYS:
      return true;
    case DECIDER_PREFIX:
      return paysByPrefix(handlerParameter(plan, NON_CACHED_TOKENS), handlerParameter(plan, PROMPT_TOKENS), decode);
    case DECIDER_MULTIMODAL:
      return images > 0;
    default: // DECIDER_NEVER
      return false;
  }
}

/**
 * prefix-based-pd-decider: the prompt has at least `long` tokens, and at least `nonCached` of them are not cached on
 * the decode endpoint. 0 turns the decider off, or the first of the two conditions.
 */
function paysByPrefix(nonCached: f64, long: f64, decode: Slot): bool {
  if (nonCached <= 0 || promptTokens < long || promptTokens < nonCached) return false;
  return uncachedTokens(matchedOf(decode)) >= nonCached;
}
