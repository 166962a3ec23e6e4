import { check, frame } from "./encode-frame.ts";
import * as L from "./layout.ts";
import type { Policy } from "./model.ts";
import { nameKey } from "./name-key.ts";
import { StringSection } from "./strings.ts";

/** POLICY frame. */
export function encodePolicy(policy: Policy): Uint8Array {
  const { objectives, rules } = policy;
  check(`number of objectives of pool ${policy.pool}`, objectives.length, L.MAX_OBJECTIVES);
  check(`number of rewrite rules of pool ${policy.pool}`, rules.length, L.MAX_RULES);
  const models = rules.flatMap((rule) => rule.models);
  const strings = new StringSection();
  const targets = rules
    .flatMap((rule) => rule.targets)
    .map(({ model, weight }) => ({ model, weight, place: strings.add(model) }));
  check(`models of the rewrite rules of pool ${policy.pool}`, models.length, L.MAX_RULE_MODELS);
  check(`targets of the rewrite rules of pool ${policy.pool}`, targets.length, L.MAX_TARGETS);
  const rulesAt = L.POLICY_BYTES + objectives.length * L.OBJECTIVE_BYTES;
  const modelsAt = rulesAt + rules.length * L.RULE_BYTES;
  const targetsAt = modelsAt + models.length * L.RULE_MODEL_BYTES;
  const stringsAt = targetsAt + targets.length * L.TARGET_BYTES;
  const { bytes, view } = frame(L.KIND_POLICY, stringsAt + strings.size, policy.pool, policy.epoch);
  view.setUint32(L.POLICY_OBJECTIVES, objectives.length, true);
  view.setUint32(L.POLICY_RULES, rules.length, true);
  view.setUint32(L.POLICY_MODELS, models.length, true);
  view.setUint32(L.POLICY_TARGETS, targets.length, true);
  view.setUint32(L.POLICY_STRINGS, strings.size, true);
  for (const [index, { name, priority, model }] of objectives.entries()) {
    const at = L.POLICY_BYTES + index * L.OBJECTIVE_BYTES;
    view.setBigUint64(at + L.OBJECTIVE_NAME, nameKey(name), true);
    view.setBigUint64(at + L.OBJECTIVE_MODEL, model === undefined ? 0n : nameKey(model), true);
    const value = check(`priority of objective ${name}`, priority, 0x7fffffff, -0x80000000);
    view.setInt32(at + L.OBJECTIVE_PRIORITY, value, true);
  }
  let [firstModel, firstTarget] = [0, 0];
  for (const [index, rule] of rules.entries()) {
    const at = rulesAt + index * L.RULE_BYTES;
    view.setUint32(at + L.RULE_MODEL_START, firstModel, true);
    view.setUint32(at + L.RULE_MODEL_COUNT, rule.models.length, true);
    view.setUint32(at + L.RULE_TARGET_START, firstTarget, true);
    view.setUint32(at + L.RULE_TARGET_COUNT, rule.targets.length, true);
    firstModel += rule.models.length;
    firstTarget += rule.targets.length;
  }
  for (const [index, model] of models.entries()) {
    view.setBigUint64(modelsAt + index * L.RULE_MODEL_BYTES, nameKey(model), true);
  }
  for (const [index, { model, weight, place }] of targets.entries()) {
    const at = targetsAt + index * L.TARGET_BYTES;
    check(`length of target model ${model}`, place.length, L.MODEL_NAME_MAX, 1);
    view.setBigUint64(at + L.TARGET_KEY, nameKey(model), true);
    view.setUint32(at + L.TARGET_MODEL_OFFSET, place.offset, true);
    view.setUint32(at + L.TARGET_MODEL_LENGTH, place.length, true);
    const share = check(`weight of target model ${model}`, weight, L.TARGET_WEIGHT_MAX, 1);
    view.setUint32(at + L.TARGET_WEIGHT, share, true);
  }
  strings.writeTo(bytes, stringsAt);
  return bytes;
}
