import {
  ACCEPTED, MAX_OBJECTIVES, MAX_RULE_MODELS, MAX_RULES, MAX_TARGETS, MODEL_NAME_MAX, OBJECTIVE_BYTES, OBJECTIVE_MODEL,
  OBJECTIVE_NAME, OBJECTIVE_PRIORITY, POLICY_BYTES, POLICY_MODELS, POLICY_OBJECTIVES, POLICY_RULES, POLICY_STRINGS,
  POLICY_TARGETS, REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE, RULE_BYTES, RULE_MODEL_BYTES, RULE_MODEL_COUNT,
  RULE_MODEL_START, RULE_TARGET_COUNT, RULE_TARGET_START, TARGET_BYTES, TARGET_KEY, TARGET_MODEL_LENGTH,
  TARGET_MODEL_OFFSET, TARGET_WEIGHT, TARGET_WEIGHT_MAX,
} from "../../wire/layout.ts";
import { framePool } from "./header.ts";
import { inside, readable } from "./reference.ts";

/** Checks a POLICY behind its header. Returns ACCEPTED or the reason it is refused. */
export function checkPolicy(frame: usize, length: u32): i32 {
  if (length < u32(POLICY_BYTES)) return REFUSED_LENGTH;
  if (framePool(frame) == 0) return REFUSED_VALUE;
  const objectives = policyObjectives(frame);
  const rules = policyRules(frame);
  const models = load<u32>(frame, POLICY_MODELS);
  const targets = load<u32>(frame, POLICY_TARGETS);
  const strings = load<u32>(frame, POLICY_STRINGS);
  if (objectives > u32(MAX_OBJECTIVES) || rules > u32(MAX_RULES)) return REFUSED_LENGTH;
  if (models > u32(MAX_RULE_MODELS) || targets > u32(MAX_TARGETS)) return REFUSED_LENGTH;
  const tables =
    objectives * u32(OBJECTIVE_BYTES) + rules * u32(RULE_BYTES) + models * u32(RULE_MODEL_BYTES) +
    targets * u32(TARGET_BYTES);
  if (u64(POLICY_BYTES) + u64(tables) + u64(strings) != u64(length)) return REFUSED_LENGTH;
  for (let i: u32 = 0; i < rules; i++) {
    const row = ruleRow(frame, i);
    if (!inside(ruleModelStart(row), ruleModels(row), models)) return REFUSED_REFERENCE;
    if (!inside(ruleTargetStart(row), ruleTargets(row), targets)) return REFUSED_REFERENCE;
  }
  for (let i: u32 = 0; i < targets; i++) {
    const row = targetRow(frame, i);
    if (!readable(row, TARGET_MODEL_OFFSET, TARGET_MODEL_LENGTH, strings)) return REFUSED_REFERENCE;
    const bytes = targetModelLength(row);
    if (bytes == 0 || bytes > u32(MODEL_NAME_MAX)) return REFUSED_VALUE;
    if (targetWeight(row) == 0 || targetWeight(row) > u32(TARGET_WEIGHT_MAX)) return REFUSED_VALUE;
  }
  return ACCEPTED;
}

@inline
export function policyObjectives(frame: usize): u32 {
  return load<u32>(frame, POLICY_OBJECTIVES);
}

@inline
export function objectiveRow(frame: usize, index: u32): usize {
  return frame + POLICY_BYTES + usize(index) * OBJECTIVE_BYTES;
}

/** xxh64 of the objective's name. */
@inline
export function objectiveName(row: usize): u64 {
  return load<u64>(row, OBJECTIVE_NAME);
}

/** xxh64 of the model whose requests have the objective without naming it; 0: none. */
@inline
export function objectiveModel(row: usize): u64 {
  return load<u64>(row, OBJECTIVE_MODEL);
}

@inline
export function objectivePriority(row: usize): i32 {
  return load<i32>(row, OBJECTIVE_PRIORITY);
}

@inline
export function policyRules(frame: usize): u32 {
  return load<u32>(frame, POLICY_RULES);
}

@inline
export function ruleRow(frame: usize, index: u32): usize {
  return objectiveRow(frame, policyObjectives(frame)) + usize(index) * RULE_BYTES;
}

/** Index of the rule's first model, for ruleModel. */
@inline
export function ruleModelStart(row: usize): u32 {
  return load<u32>(row, RULE_MODEL_START);
}

/** How many models the rule is for; 0: any. */
@inline
export function ruleModels(row: usize): u32 {
  return load<u32>(row, RULE_MODEL_COUNT);
}

/** Index of the rule's first target, for targetRow. */
@inline
export function ruleTargetStart(row: usize): u32 {
  return load<u32>(row, RULE_TARGET_START);
}

/** How many targets the rule has; 0: the model stays. */
@inline
export function ruleTargets(row: usize): u32 {
  return load<u32>(row, RULE_TARGET_COUNT);
}

@inline
function modelsAt(frame: usize): usize {
  return ruleRow(frame, policyRules(frame));
}

/** xxh64 of a model that a rule is for. */
@inline
export function ruleModel(frame: usize, index: u32): u64 {
  return load<u64>(modelsAt(frame) + usize(index) * RULE_MODEL_BYTES);
}

@inline
export function targetRow(frame: usize, index: u32): usize {
  return modelsAt(frame) + usize(load<u32>(frame, POLICY_MODELS)) * RULE_MODEL_BYTES + usize(index) * TARGET_BYTES;
}

/** xxh64 of the target's model. */
@inline
export function targetKey(row: usize): u64 {
  return load<u64>(row, TARGET_KEY);
}

/** Where the name of a target's model stands. */
@inline
export function targetModelAt(frame: usize, row: usize): usize {
  return targetRow(frame, load<u32>(frame, POLICY_TARGETS)) + load<u32>(row, TARGET_MODEL_OFFSET);
}

@inline
export function targetModelLength(row: usize): u32 {
  return load<u32>(row, TARGET_MODEL_LENGTH);
}

/** The target's share, of the weights of its rule's targets. */
@inline
export function targetWeight(row: usize): u32 {
  return load<u32>(row, TARGET_WEIGHT);
}
