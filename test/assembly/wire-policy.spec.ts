import { xxh64 } from "../../assembly/hash/xxh64.ts";
import {
  checkPolicy, objectiveModel, objectiveName, objectivePriority, objectiveRow, policyObjectives, policyRules, ruleModel,
  ruleModels, ruleModelStart, ruleRow, ruleTargets, ruleTargetStart, targetKey, targetModelAt, targetModelLength,
  targetRow, targetWeight,
} from "../../assembly/wire/policy.ts";
import {
  ACCEPTED, HEADER_LENGTH, HEADER_POOL, MAX_OBJECTIVES, MAX_RULE_MODELS, MAX_RULES, MAX_TARGETS, POLICY_MODELS,
  POLICY_OBJECTIVES, POLICY_RULES, POLICY_STRINGS, POLICY_TARGETS, REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE,
  RULE_MODEL_COUNT, RULE_MODEL_START, RULE_TARGET_COUNT, RULE_TARGET_START, TARGET_MODEL_LENGTH, TARGET_MODEL_OFFSET,
  TARGET_WEIGHT,
} from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";

const empty = golden("policy-empty");
const full = golden("policy-full"); // two objectives; three rules, of two, one and no models; three targets

function check(frame: Frame): i32 {
  return checkPolicy(frame.at, frame.length);
}

function hashOf(text: string): u64 {
  const bytes = String.UTF8.encode(text);
  return xxh64(changetype<usize>(bytes), bytes.byteLength);
}

function modelOf(target: u32): string {
  const row = targetRow(full.at, target);
  return String.UTF8.decodeUnsafe(targetModelAt(full.at, row), targetModelLength(row));
}

function ruleField(rule: u32, field: u32): u32 {
  return u32(ruleRow(full.at, rule) - full.at) + field;
}

function targetField(target: u32, field: u32): u32 {
  return u32(targetRow(full.at, target) - full.at) + field;
}

describe("a policy", () => {
  it("may be empty", () => {
    expect(check(empty)).toBe(ACCEPTED);
    expect(policyObjectives(empty.at)).toBe(0);
    expect(policyRules(empty.at)).toBe(0);
  });

  it("is accepted and read as it was meant", () => {
    expect(check(full)).toBe(ACCEPTED);
    expect(policyObjectives(full.at)).toBe(2);
    expect(objectiveName(objectiveRow(full.at, 0))).toBe(hashOf("critical"));
    expect(objectiveModel(objectiveRow(full.at, 0))).toBe(0);
    expect(objectivePriority(objectiveRow(full.at, 0))).toBe(i32.MAX_VALUE);
    expect(objectiveName(objectiveRow(full.at, 1))).toBe(hashOf("größe"));
    expect(objectiveModel(objectiveRow(full.at, 1))).toBe(hashOf("llama"));
    expect(objectivePriority(objectiveRow(full.at, 1))).toBe(i32.MIN_VALUE);
    expect(policyRules(full.at)).toBe(3);
    const first = ruleRow(full.at, 0);
    expect(ruleModels(first)).toBe(2);
    expect(ruleModel(full.at, ruleModelStart(first))).toBe(hashOf("food-review"));
    expect(ruleModel(full.at, ruleModelStart(first) + 1)).toBe(hashOf("recensión"));
    expect(ruleTargets(first)).toBe(2);
    expect(ruleTargetStart(first)).toBe(0);
    expect(modelOf(0)).toBe("food-review-v1");
    expect(targetKey(targetRow(full.at, 0))).toBe(hashOf("food-review-v1"));
    expect(targetWeight(targetRow(full.at, 0))).toBe(90);
    expect(modelOf(1)).toBe("food-review-ß");
    expect(targetWeight(targetRow(full.at, 1))).toBe(10);
    const second = ruleRow(full.at, 1);
    expect(ruleModels(second)).toBe(1);
    expect(ruleModel(full.at, ruleModelStart(second))).toBe(hashOf("keep"));
    expect(ruleTargets(second)).toBe(0);
    const third = ruleRow(full.at, 2);
    expect(ruleModels(third)).toBe(0);
    expect(ruleTargets(third)).toBe(1);
    expect(modelOf(ruleTargetStart(third))).toBe("food-review-v1");
    expect(targetWeight(targetRow(full.at, ruleTargetStart(third)))).toBe(1000000);
  });

  it("is refused at any other length, though the length field agrees", () => {
    for (let length: u32 = 32; length < full.length; length++) {
      const cut = full.with32(HEADER_LENGTH, length);
      expect(checkPolicy(cut.at, length)).toBe(REFUSED_LENGTH, length.toString());
    }
    expect(checkPolicy(full.at, full.length + 1)).toBe(REFUSED_LENGTH);
  });

  it("is refused for counts that its length does not have, or that pass a limit", () => {
    const fields: u32[] = [POLICY_OBJECTIVES, POLICY_RULES, POLICY_MODELS, POLICY_TARGETS, POLICY_STRINGS];
    const limits: u32[] = [MAX_OBJECTIVES, MAX_RULES, MAX_RULE_MODELS, MAX_TARGETS, 0x7fffffff];
    for (let i = 0; i < fields.length; i++) {
      const counts: u32[] = [0, 1, 5, limits[i] + 1, 0x20000002, 0x80000003, u32.MAX_VALUE];
      for (let j = 0; j < counts.length; j++) {
        expect(check(full.with32(fields[i], counts[j]))).toBe(REFUSED_LENGTH, counts[j].toString());
      }
    }
  });

  it("is refused without a pool", () => {
    expect(check(full.with64(HEADER_POOL, 0))).toBe(REFUSED_VALUE);
  });

  it("is refused for models, targets and texts outside their tables", () => {
    expect(check(full.with32(ruleField(0, RULE_MODEL_COUNT), 4))).toBe(REFUSED_REFERENCE);
    expect(check(full.with32(ruleField(0, RULE_MODEL_START), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
    expect(check(full.with32(ruleField(2, RULE_TARGET_COUNT), 2))).toBe(REFUSED_REFERENCE);
    expect(check(full.with32(ruleField(2, RULE_TARGET_START), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
    for (let target: u32 = 0; target < 3; target++) {
      const outside = load<u32>(full.at, POLICY_STRINGS) - targetModelLength(targetRow(full.at, target)) + 1;
      expect(check(full.with32(targetField(target, TARGET_MODEL_OFFSET), outside))).toBe(REFUSED_REFERENCE);
      expect(check(full.with32(targetField(target, TARGET_MODEL_OFFSET), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
      expect(check(full.with32(targetField(target, TARGET_MODEL_LENGTH), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
    }
  });

  it("is refused for a target without a name, or with a weight out of its range", () => {
    for (let target: u32 = 0; target < 3; target++) {
      expect(check(full.with32(targetField(target, TARGET_MODEL_LENGTH), 0))).toBe(REFUSED_VALUE);
      expect(check(full.with32(targetField(target, TARGET_WEIGHT), 0))).toBe(REFUSED_VALUE);
      expect(check(full.with32(targetField(target, TARGET_WEIGHT), 1000001))).toBe(REFUSED_VALUE);
    }
  });
});
