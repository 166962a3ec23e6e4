// What a PLAN says of rate limits.

import {
  ACCEPTED, LIMIT_BURST, LIMIT_BYTES, LIMIT_FLAGS, LIMIT_HEADER_LENGTH, LIMIT_HEADER_OFFSET, LIMIT_KEY,
  LIMIT_MODEL_BYTES, LIMIT_MODEL_COUNT, LIMIT_MODEL_START, LIMIT_NAME_LENGTH, LIMIT_NAME_OFFSET, LIMIT_PER,
  LIMIT_PER_MODEL, LIMIT_REQUESTS, LIMIT_TOKENS, MAX_LIMIT_QUANTITY, PLAN_LIMITS, PLAN_LIMIT_MODELS, PLAN_STRINGS,
  REFUSED_REFERENCE, REFUSED_VALUE,
} from "../../wire/layout.ts";
import { bandRow, planBands } from "./admission.ts";
import { planText } from "./plan.ts";
import { inside, readable } from "./reference.ts";

/** Checks a PLAN's limits; its tables have been found to fit. Returns ACCEPTED or the refusal's reason. */
export function checkLimits(frame: usize): i32 {
  const limits = planLimits(frame);
  const models = planLimitModels(frame);
  const strings = load<u32>(frame, PLAN_STRINGS);
  for (let i: u32 = 0; i < limits; i++) {
    const row = limitRow(frame, i);
    if (!readable(row, LIMIT_NAME_OFFSET, LIMIT_NAME_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!readable(row, LIMIT_HEADER_OFFSET, LIMIT_HEADER_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!inside(load<u32>(row, LIMIT_MODEL_START), load<u32>(row, LIMIT_MODEL_COUNT), models)) return REFUSED_REFERENCE;
    if (load<u32>(row, LIMIT_FLAGS) > u32(LIMIT_PER_MODEL)) return REFUSED_VALUE;
    if (!isQuantity(limitRequests(row)) || !isQuantity(limitTokens(row))) return REFUSED_VALUE;
    if (!isFinite(limitPer(row)) || limitPer(row) <= 0) return REFUSED_VALUE;
    if (!isFinite(limitBurst(row)) || limitBurst(row) <= 0) return REFUSED_VALUE;
    for (let j: u32 = 0; j < i; j++) {
      if (limitKey(limitRow(frame, j)) == limitKey(row)) return REFUSED_VALUE;
    }
  }
  return ACCEPTED;
}

@inline
function isQuantity(value: f64): bool {
  return value >= 0 && value <= f64(MAX_LIMIT_QUANTITY);
}

@inline
export function planLimits(frame: usize): u32 {
  return load<u32>(frame, PLAN_LIMITS);
}

@inline
export function planLimitModels(frame: usize): u32 {
  return load<u32>(frame, PLAN_LIMIT_MODELS);
}

export function limitRow(frame: usize, index: u32): usize {
  return bandRow(frame, planBands(frame)) + usize(index) * LIMIT_BYTES;
}

/** Where the models of all limits stand. */
@inline
export function limitModels(frame: usize): usize {
  return limitRow(frame, planLimits(frame));
}

/** xxh64 of its name. */
@inline
export function limitKey(row: usize): u64 {
  return load<u64>(row, LIMIT_KEY);
}

/** Requests and tokens per limitPer; 0: any number. */
@inline
export function limitRequests(row: usize): f64 {
  return load<f64>(row, LIMIT_REQUESTS);
}

@inline
export function limitTokens(row: usize): f64 {
  return load<f64>(row, LIMIT_TOKENS);
}

/** Microseconds. */
@inline
export function limitPer(row: usize): f64 {
  return load<f64>(row, LIMIT_PER);
}

/** Microseconds in which an empty budget fills up. */
@inline
export function limitBurst(row: usize): f64 {
  return load<f64>(row, LIMIT_BURST);
}

/** Whether each model has budgets of its own. */
@inline
export function limitPerModel(row: usize): bool {
  return load<u32>(row, LIMIT_FLAGS) != 0;
}

export function limitNameAt(frame: usize, row: usize): usize {
  return planText(frame, row, LIMIT_NAME_OFFSET);
}

@inline
export function limitNameLength(row: usize): u32 {
  return load<u32>(row, LIMIT_NAME_LENGTH);
}

/** The request header that names the client; of no bytes where all clients share. */
export function limitHeaderAt(frame: usize, row: usize): usize {
  return planText(frame, row, LIMIT_HEADER_OFFSET);
}

@inline
export function limitHeaderLength(row: usize): u32 {
  return load<u32>(row, LIMIT_HEADER_LENGTH);
}

/** Whether a limit holds for a model, by xxh64 of its name. */
export function limitHoldsFor(frame: usize, row: usize, model: u64): bool {
  const count = load<u32>(row, LIMIT_MODEL_COUNT);
  if (count == 0) return true;
  const first = limitModels(frame) + usize(load<u32>(row, LIMIT_MODEL_START)) * LIMIT_MODEL_BYTES;
  for (let i: usize = 0; i < usize(count); i++) {
    if (load<u64>(first + i * LIMIT_MODEL_BYTES) == model) return true;
  }
  return false;
}
