import { priorityOf } from "../../assembly/policy/objectives.ts";
import { stickyBits, targetFor } from "../../assembly/policy/rewrite.ts";
import { randomBits, seedRandom } from "../../assembly/schedule/random.ts";
import {
  OBJECTIVE_BYTES, OBJECTIVE_MODEL, OBJECTIVE_NAME, OBJECTIVE_PRIORITY, POLICY_BYTES, POLICY_MODELS, POLICY_OBJECTIVES,
  POLICY_RULES, POLICY_TARGETS, RULE_BYTES, RULE_MODEL_BYTES, RULE_MODEL_COUNT, RULE_MODEL_START, RULE_TARGET_COUNT,
  RULE_TARGET_START, TARGET_BYTES, TARGET_KEY, TARGET_WEIGHT,
} from "../../wire/layout.ts";

// One objective by name, one also by model; rules: 0 for all (target 0), 1 for models 11 and 12 (targets 1 to 3, weights
// 1, 2, 5), 2 for model 11 (target 0), 3 for model 13 (no targets).
function frame(): usize {
  const at = heap.alloc(1024);
  memory.fill(at, 0, 1024);
  store<u32>(at, 2, POLICY_OBJECTIVES);
  store<u32>(at, 4, POLICY_RULES);
  store<u32>(at, 4, POLICY_MODELS);
  store<u32>(at, 4, POLICY_TARGETS);
  let row = at + POLICY_BYTES;
  store<u64>(row, 501, OBJECTIVE_NAME);
  store<i32>(row, -3, OBJECTIVE_PRIORITY);
  row += OBJECTIVE_BYTES;
  store<u64>(row, 502, OBJECTIVE_NAME);
  store<u64>(row, 11, OBJECTIVE_MODEL);
  store<i32>(row, 7, OBJECTIVE_PRIORITY);
  row += OBJECTIVE_BYTES;
  row = rule(row, 0, 0, 0, 1);
  row = rule(row, 0, 2, 1, 3);
  row = rule(row, 2, 1, 0, 1);
  row = rule(row, 3, 1, 0, 0);
  const models: u64[] = [11, 12, 11, 13];
  for (let i = 0; i < 4; i++, row += RULE_MODEL_BYTES) store<u64>(row, models[i]);
  const weights: u32[] = [4, 1, 2, 5];
  for (let i = 0; i < 4; i++, row += TARGET_BYTES) {
    store<u64>(row, 900 + i, TARGET_KEY);
    store<u32>(row, weights[i], TARGET_WEIGHT);
  }
  return at;
}

function rule(row: usize, models: u32, modelCount: u32, targets: u32, targetCount: u32): usize {
  store<u32>(row, models, RULE_MODEL_START);
  store<u32>(row, modelCount, RULE_MODEL_COUNT);
  store<u32>(row, targets, RULE_TARGET_START);
  store<u32>(row, targetCount, RULE_TARGET_COUNT);
  return row + RULE_BYTES;
}

function key(policy: usize, model: u64, bits: u64): u64 {
  const target = targetFor(policy, model, bits);
  return target == 0 ? 0 : load<u64>(target, TARGET_KEY);
}

const ALL: u64 = u64.MAX_VALUE;
const policy = frame();

describe("the model that a request gets", () => {
  it("is that of the first rule which names it, then of the rule for all", () => {
    expect(key(policy, 11, 0)).toBe(901);
    expect(key(policy, 12, 0)).toBe(901);
    expect(key(policy, 99, 0)).toBe(900);
  });

  it("stays where the rule has no targets, and where there is no policy", () => {
    expect(key(policy, 13, 0)).toBe(0);
    expect(key(0, 11, 0)).toBe(0);
  });

  it("changes at the bounds of the weights: 1/8 and 3/8", () => {
    const eighth: u64 = 1 << 61;
    expect(key(policy, 11, eighth - 2048)).toBe(901);
    expect(key(policy, 11, eighth)).toBe(902);
    expect(key(policy, 11, 3 * eighth - 2048)).toBe(902);
    expect(key(policy, 11, 3 * eighth)).toBe(903);
    expect(key(policy, 11, ALL)).toBe(903);
  });

  it("is spread by weight over random requests, and over clients", () => {
    seedRandom(7);
    const random = new StaticArray<i32>(4);
    const sticky = new StaticArray<i32>(4);
    for (let i: u64 = 0; i < 80000; i++) {
      const drawn = i32(key(policy, 11, randomBits()) - 900); // an index with ++ is evaluated twice
      random[drawn]++;
      sticky[i32(key(policy, 11, stickyBits(i, 11)) - 900)]++;
    }
    // Binomial with n = 80000: the widest standard deviation is 137.
    expect(abs(random[1] - 10000)).toBeLessThan(600);
    expect(abs(random[2] - 20000)).toBeLessThan(600);
    expect(abs(sticky[1] - 10000)).toBeLessThan(600);
    expect(abs(sticky[2] - 20000)).toBeLessThan(600);
  });

  it("is drawn apart for each model of a client", () => {
    let same = 0;
    for (let i: u64 = 0; i < 8000; i++) {
      if (key(policy, 11, stickyBits(i, 11)) == key(policy, 12, stickyBits(i, 12))) same++;
    }
    expect(abs(same - 3750)).toBeLessThan(250); // (1 + 4 + 25) / 64 of them by chance
  });
});

describe("a request's priority", () => {
  it("is that of the objective it names", () => {
    expect(priorityOf(policy, 501, 11)).toBe(-3);
    expect(priorityOf(policy, 502, 0)).toBe(7);
    expect(priorityOf(policy, 503, 11)).toBe(0);
  });

  it("is otherwise that of the objective for its model", () => {
    expect(priorityOf(policy, 0, 11)).toBe(7);
    expect(priorityOf(policy, 0, 12)).toBe(0);
    expect(priorityOf(policy, 0, 0)).toBe(0);
    expect(priorityOf(0, 501, 11)).toBe(0);
  });
});
