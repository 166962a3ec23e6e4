// What a PLAN says of which requests are traced.

import {
  ACCEPTED, PLAN_SAMPLER, PLAN_SAMPLER_RATIO, REFUSED_VALUE, SAMPLER_RATIO,
} from "../../wire/layout.ts";

/** Checks a PLAN's sampler. Returns ACCEPTED or REFUSED_VALUE. */
export function checkSampling(frame: usize): i32 {
  const ratio = planSamplerRatio(frame);
  if (planSampler(frame) > u32(SAMPLER_RATIO) || !(ratio >= 0 && ratio <= 1)) return REFUSED_VALUE;
  return ACCEPTED;
}

@inline
export function planSampler(frame: usize): u32 {
  return load<u32>(frame, PLAN_SAMPLER);
}

@inline
export function planSamplerRatio(frame: usize): f64 {
  return load<f64>(frame, PLAN_SAMPLER_RATIO);
}
