import {
  ACCEPTED, MAX_PROFILES, MAX_STEPS, PLAN_BYTES, PLAN_PROFILES, PLAN_STEPS, PLAN_STRINGS, PROFILE_BYTES,
  PROFILE_FIRST_STEP, PROFILE_NAME_LENGTH, PROFILE_NAME_OFFSET, PROFILE_STEPS, REFUSED_LENGTH, REFUSED_REFERENCE,
  REFUSED_VALUE, STAGE_PICKER, STEP_BYTES, STEP_NAME_LENGTH, STEP_NAME_OFFSET, STEP_PARAMETERS,
  STEP_PLUGIN, STEP_STAGE, STEP_WEIGHT,
} from "../../wire/layout.ts";
import { stageOf } from "../schedule/plugins.ts";
import { framePool } from "./header.ts";
import { inside, readable } from "./reference.ts";

/** Checks a PLAN behind its header: after this, running it cannot fail. Returns ACCEPTED or the refusal's reason. */
export function checkPlan(frame: usize, length: u32): i32 {
  if (length < u32(PLAN_BYTES)) return REFUSED_LENGTH;
  if (framePool(frame) == 0) return REFUSED_VALUE;
  const profiles = load<u32>(frame, PLAN_PROFILES);
  const steps = load<u32>(frame, PLAN_STEPS);
  const strings = load<u32>(frame, PLAN_STRINGS);
  if (profiles == 0 || profiles > u32(MAX_PROFILES) || steps > u32(MAX_STEPS)) return REFUSED_LENGTH;
  if (u64(PLAN_BYTES) + u64(profiles) * PROFILE_BYTES + u64(steps) * STEP_BYTES + u64(strings) != u64(length)) {
    return REFUSED_LENGTH;
  }
  for (let i: u32 = 0; i < steps; i++) {
    const row = stepRow(frame, i);
    if (!readable(row, STEP_NAME_OFFSET, STEP_NAME_LENGTH, strings)) return REFUSED_REFERENCE;
    const stage = u32(load<u16>(row, STEP_STAGE));
    if (stage == 0 || stage != stageOf(stepPlugin(row))) return REFUSED_VALUE;
    if (!isFinite(stepWeight(row))) return REFUSED_VALUE;
    for (let slot: u32 = 0; slot < 4; slot++) {
      if (!isFinite(stepParameter(row, slot))) return REFUSED_VALUE;
    }
  }
  for (let i: u32 = 0; i < profiles; i++) {
    const row = profileRow(frame, i);
    if (!readable(row, PROFILE_NAME_OFFSET, PROFILE_NAME_LENGTH, strings)) return REFUSED_REFERENCE;
    const count = profileSteps(row);
    if (!inside(profileFirstStep(row), count, steps)) return REFUSED_REFERENCE;
    if (!inOrder(frame, profileFirstStep(row), count)) return REFUSED_VALUE;
  }
  return ACCEPTED;
}

// Filters, then scorers, then exactly one picker, at the end.
function inOrder(frame: usize, first: u32, count: u32): bool {
  if (count == 0) return false;
  let stage: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const next = u32(load<u16>(stepRow(frame, first + i), STEP_STAGE));
    if (next < stage) return false;
    if (next == u32(STAGE_PICKER) && i != count - 1) return false;
    stage = next;
  }
  return stage == u32(STAGE_PICKER);
}

@inline
export function profileRow(frame: usize, index: u32): usize {
  return frame + PLAN_BYTES + usize(index) * PROFILE_BYTES;
}

@inline
export function profileFirstStep(row: usize): u32 {
  return load<u32>(row, PROFILE_FIRST_STEP);
}

@inline
export function profileSteps(row: usize): u32 {
  return load<u32>(row, PROFILE_STEPS);
}

@inline
export function stepRow(frame: usize, index: u32): usize {
  return frame + PLAN_BYTES + usize(load<u32>(frame, PLAN_PROFILES)) * PROFILE_BYTES + usize(index) * STEP_BYTES;
}

@inline
export function stepPlugin(row: usize): u32 {
  return load<u16>(row, STEP_PLUGIN);
}

@inline
export function stepWeight(row: usize): f64 {
  return load<f64>(row, STEP_WEIGHT);
}

@inline
export function stepParameter(row: usize, slot: u32): f64 {
  return load<f64>(row + (slot << 3), STEP_PARAMETERS);
}
