import {
  ACCEPTED, BAND_BYTES, DECIDER_MULTIMODAL, HANDLER_DATA_PARALLEL, HANDLER_DISAGG, HANDLER_SINGLE, LIMIT_BYTES,
  LIMIT_MODEL_BYTES, MAX_BANDS, MAX_BLOCK_TOKENS, MAX_LIMITS, MAX_LIMIT_MODELS, MAX_PARAMETERS, MAX_PROFILES,
  MAX_PROMPT_BLOCKS, MAX_STEPS, MAX_TERMS, MAX_VALUES, PLAN_BANDS, PLAN_BLOCK_TOKENS, PLAN_BYTES,
  PLAN_HANDLER, PLAN_HANDLER_PARAMETERS, PLAN_LRU_BLOCKS, PLAN_MAX_BLOCKS, PLAN_OUTPUT_MAX, PLAN_OUTPUT_RATIO,
  PLAN_PROFILES, PLAN_STEPS, PLAN_STRINGS, PLAN_TERMS, PLAN_VALUES, PROFILE_BYTES, PROFILE_FIRST_STEP,
  PROFILE_NAME_LENGTH, PROFILE_NAME_OFFSET, PROFILE_STEPS, REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE,
  STAGE_PICKER, STEP_BYTES, STEP_NAME_LENGTH, STEP_NAME_OFFSET, STEP_PARAMETERS, STEP_PLUGIN, STEP_STAGE,
  STEP_TERM_COUNT, STEP_TERM_START, STEP_TEXT_LENGTH, STEP_TEXT_OFFSET, STEP_WEIGHT, TERM_BYTES, TERM_IN,
  TERM_IN_OR_ABSENT, TERM_KEY_LENGTH, TERM_KEY_OFFSET, TERM_OPERATOR, TERM_VALUE_COUNT, TERM_VALUE_START, VALUE_BYTES,
  VALUE_LENGTH, VALUE_OFFSET,
} from "../../wire/layout.ts";
import { stageOf } from "../schedule/plugins.ts";
import { checkAdmission } from "./admission.ts";
import { framePool } from "./header.ts";
import { checkLimits, limitModels, planLimitModels, planLimits } from "./limits.ts";
import { inside, readable } from "./reference.ts";
import { checkSampling } from "./sampling.ts";

/** Checks a PLAN behind its header: after this, running it cannot fail. Returns ACCEPTED or the refusal's reason. */
export function checkPlan(frame: usize, length: u32): i32 {
  if (length < u32(PLAN_BYTES)) return REFUSED_LENGTH;
  if (framePool(frame) == 0) return REFUSED_VALUE;
  const profiles = load<u32>(frame, PLAN_PROFILES);
  const steps = load<u32>(frame, PLAN_STEPS);
  const terms = load<u32>(frame, PLAN_TERMS);
  const values = load<u32>(frame, PLAN_VALUES);
  const strings = load<u32>(frame, PLAN_STRINGS);
  if (profiles == 0 || profiles > u32(MAX_PROFILES) || steps > u32(MAX_STEPS)) return REFUSED_LENGTH;
  const bands = load<u32>(frame, PLAN_BANDS);
  if (terms > u32(MAX_TERMS) || values > u32(MAX_VALUES) || bands > u32(MAX_BANDS)) return REFUSED_LENGTH;
  const limits = planLimits(frame);
  const limitModelCount = planLimitModels(frame);
  if (limits > u32(MAX_LIMITS) || limitModelCount > u32(MAX_LIMIT_MODELS)) return REFUSED_LENGTH;
  const tables =
    profiles * u32(PROFILE_BYTES) + steps * u32(STEP_BYTES) + terms * u32(TERM_BYTES) + values * u32(VALUE_BYTES) +
    bands * u32(BAND_BYTES) + limits * u32(LIMIT_BYTES) + limitModelCount * u32(LIMIT_MODEL_BYTES);
  if (u64(PLAN_BYTES) + u64(tables) + u64(strings) != u64(length)) return REFUSED_LENGTH;
  for (let i: u32 = 0; i < values; i++) {
    if (!readable(valueRow(frame, i), VALUE_OFFSET, VALUE_LENGTH, strings)) return REFUSED_REFERENCE;
  }
  for (let i: u32 = 0; i < terms; i++) {
    const row = termRow(frame, i);
    if (!readable(row, TERM_KEY_OFFSET, TERM_KEY_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!inside(load<u32>(row, TERM_VALUE_START), load<u32>(row, TERM_VALUE_COUNT), values)) return REFUSED_REFERENCE;
    const operator = load<u32>(row, TERM_OPERATOR);
    if (operator < u32(TERM_IN) || operator > u32(TERM_IN_OR_ABSENT)) return REFUSED_VALUE;
  }
  for (let i: u32 = 0; i < steps; i++) {
    const row = stepRow(frame, i);
    if (!readable(row, STEP_NAME_OFFSET, STEP_NAME_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!readable(row, STEP_TEXT_OFFSET, STEP_TEXT_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!inside(load<u32>(row, STEP_TERM_START), load<u32>(row, STEP_TERM_COUNT), terms)) return REFUSED_REFERENCE;
    const stage = u32(load<u16>(row, STEP_STAGE));
    if (stage == 0 || stage != stageOf(stepPlugin(row))) return REFUSED_VALUE;
    if (!isFinite(stepWeight(row)) || !allFinite(row + STEP_PARAMETERS)) return REFUSED_VALUE;
  }
  for (let i: u32 = 0; i < profiles; i++) {
    const row = profileRow(frame, i);
    if (!readable(row, PROFILE_NAME_OFFSET, PROFILE_NAME_LENGTH, strings)) return REFUSED_REFERENCE;
    const count = profileSteps(row);
    if (!inside(profileFirstStep(row), count, steps)) return REFUSED_REFERENCE;
    if (!inOrder(frame, profileFirstStep(row), count)) return REFUSED_VALUE;
  }
  let refused = checkSettings(frame, profiles);
  if (refused == ACCEPTED) refused = checkAdmission(frame);
  if (refused == ACCEPTED) refused = checkSampling(frame);
  return refused != ACCEPTED ? refused : checkLimits(frame);
}

function checkSettings(frame: usize, profiles: u32): i32 {
  if (!allFinite(frame + PLAN_HANDLER_PARAMETERS)) return REFUSED_VALUE;
  const ratio = load<f64>(frame, PLAN_OUTPUT_RATIO);
  if (!isFinite(ratio) || ratio < 0) return REFUSED_VALUE;
  const most = load<u32>(frame, PLAN_MAX_BLOCKS);
  if (most == 0 || most > u32(MAX_PROMPT_BLOCKS)) return REFUSED_VALUE;
  if (planBlockTokens(frame) > u32(MAX_BLOCK_TOKENS)) return REFUSED_VALUE;
  const handler = planHandler(frame);
  if (handler < u32(HANDLER_SINGLE) || handler > u32(HANDLER_DATA_PARALLEL)) return REFUSED_VALUE;
  if (!isProfile(frame, 0, profiles, false)) return REFUSED_VALUE;
  if (handler != u32(HANDLER_DISAGG)) return ACCEPTED;
  if (!isProfile(frame, 1, profiles, true) || !isProfile(frame, 2, profiles, true)) return REFUSED_VALUE;
  if (!isDecider(handlerParameter(frame, 3)) || !isDecider(handlerParameter(frame, 6))) return REFUSED_VALUE;
  return ACCEPTED;
}

function isProfile(frame: usize, slot: u32, profiles: u32, optional: bool): bool {
  const row = handlerParameter(frame, slot);
  return row == Math.floor(row) && row >= (optional ? -1 : 0) && row < f64(profiles);
}

function isDecider(value: f64): bool {
  return value == Math.floor(value) && value >= 0 && value <= f64(DECIDER_MULTIMODAL);
}

/** Whether MAX_PARAMETERS numbers are all finite. */
export function allFinite(parameters: usize): bool {
  for (let slot: usize = 0; slot < usize(MAX_PARAMETERS); slot++) {
    if (!isFinite(load<f64>(parameters + (slot << 3)))) return false;
  }
  return true;
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
export function termRow(frame: usize, index: u32): usize {
  return stepRow(frame, load<u32>(frame, PLAN_STEPS)) + usize(index) * TERM_BYTES;
}

@inline
export function valueRow(frame: usize, index: u32): usize {
  return termRow(frame, load<u32>(frame, PLAN_TERMS)) + usize(index) * VALUE_BYTES;
}

/** Where a text of the plan stands; `row` holds an offset into the strings at `offsetField`. */
export function planText(frame: usize, row: usize, offsetField: i32): usize {
  const strings = limitModels(frame) + usize(planLimitModels(frame)) * LIMIT_MODEL_BYTES;
  return strings + load<u32>(row + offsetField);
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

@inline
export function planHandler(frame: usize): u32 {
  return load<u32>(frame, PLAN_HANDLER);
}

@inline
export function handlerParameter(frame: usize, slot: u32): f64 {
  return load<f64>(frame + (slot << 3), PLAN_HANDLER_PARAMETERS);
}

/** Tokens per prefix block; 0: as the engine has it. */
@inline
export function planBlockTokens(frame: usize): u32 {
  return load<u32>(frame, PLAN_BLOCK_TOKENS);
}

@inline
export function planMaxBlocks(frame: usize): u32 {
  return load<u32>(frame, PLAN_MAX_BLOCKS);
}

/** Blocks remembered per endpoint; 0: as many as the engine has. */
@inline
export function planLruBlocks(frame: usize): u32 {
  return load<u32>(frame, PLAN_LRU_BLOCKS);
}

/** Output tokens that count as in flight per prompt token, and their cap; 0: none, and no cap. */
@inline
export function planOutputRatio(frame: usize): f64 {
  return load<f64>(frame, PLAN_OUTPUT_RATIO);
}

@inline
export function planOutputMax(frame: usize): u32 {
  return load<u32>(frame, PLAN_OUTPUT_MAX);
}
