import {
  checkPlan, planText, stepRow,
} from "../../assembly/wire/plan.ts";
import {
  limitBurst, limitHeaderAt, limitHeaderLength, limitHoldsFor, limitKey, limitNameAt, limitNameLength, limitPer,
  limitPerModel, limitRequests, limitRow, limitTokens, planLimits,
} from "../../assembly/wire/limits.ts";
import { xxh64 } from "../../assembly/hash/xxh64.ts";
import {
  ACCEPTED, HEADER_LENGTH, LIMIT_BURST, LIMIT_FLAGS, LIMIT_HEADER_LENGTH, LIMIT_HEADER_OFFSET, LIMIT_KEY,
  LIMIT_MODEL_COUNT, LIMIT_MODEL_START, LIMIT_NAME_LENGTH, LIMIT_NAME_OFFSET, LIMIT_PER, LIMIT_REQUESTS, LIMIT_TOKENS,
  PLAN_LIMITS, PLAN_LIMIT_MODELS, REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE, STEP_NAME_LENGTH, STEP_NAME_OFFSET,
} from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";

const plan = golden("plan-limits"); // clients: 100 requests a minute each; größe: tokens of llama and größe
const clients = limitRow(plan.at, 0);
const models = limitRow(plan.at, 1);

function check(frame: Frame): i32 {
  return checkPlan(frame.at, frame.length);
}

function field(limit: u32, at: u32): u32 {
  return u32(limitRow(plan.at, limit) - plan.at) + at;
}

function hashOf(name: string): u64 {
  const bytes = String.UTF8.encode(name);
  return xxh64(changetype<usize>(bytes), bytes.byteLength);
}

describe("a plan's limits", () => {
  it("are read as they were meant, and texts behind them are found", () => {
    expect(check(plan)).toBe(ACCEPTED);
    expect(planLimits(plan.at)).toBe(2);
    expect(planLimits(golden("plan-default").at)).toBe(0);
    expect(limitKey(clients)).toBe(hashOf("clients"));
    expect(limitRequests(clients)).toBe(100);
    expect(limitTokens(clients)).toBe(0);
    expect(limitPer(clients)).toBe(60000000);
    expect(limitBurst(clients)).toBe(6000000);
    expect(limitPerModel(clients)).toBe(true);
    expect(String.UTF8.decodeUnsafe(limitHeaderAt(plan.at, clients), limitHeaderLength(clients))).toBe("x-api-key");
    expect(String.UTF8.decodeUnsafe(limitNameAt(plan.at, models), limitNameLength(models))).toBe("größe");
    expect(limitRequests(models)).toBe(0.5);
    expect(limitTokens(models)).toBe(1e12);
    expect(limitPerModel(models)).toBe(false);
    expect(limitHeaderLength(models)).toBe(0);
    const step = stepRow(plan.at, 0);
    const name = String.UTF8.decodeUnsafe(planText(plan.at, step, STEP_NAME_OFFSET), load<u32>(step, STEP_NAME_LENGTH));
    expect(name).toBe("queue-scorer");
  });

  it("hold for the models that they name, or for any", () => {
    expect(limitHoldsFor(plan.at, clients, 0)).toBe(true);
    expect(limitHoldsFor(plan.at, clients, hashOf("mistral"))).toBe(true);
    expect(limitHoldsFor(plan.at, models, hashOf("llama"))).toBe(true);
    expect(limitHoldsFor(plan.at, models, hashOf("größe"))).toBe(true);
    expect(limitHoldsFor(plan.at, models, hashOf("mistral"))).toBe(false);
    expect(limitHoldsFor(plan.at, models, 0)).toBe(false);
  });

  it("are refused at any other length and for counts that the plan does not have", () => {
    for (let length: u32 = 32; length < plan.length; length++) {
      expect(checkPlan(plan.with32(HEADER_LENGTH, length).at, length)).toBe(REFUSED_LENGTH, length.toString());
    }
    const counts: u32[] = [0, 1, 3, 17, 0x80000002, u32.MAX_VALUE];
    for (let i = 0; i < counts.length; i++) {
      expect(check(plan.with32(PLAN_LIMITS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      expect(check(plan.with32(PLAN_LIMIT_MODELS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
    }
  });

  it("are refused for references outside their tables", () => {
    const offsets: u32[] = [LIMIT_NAME_OFFSET, LIMIT_NAME_LENGTH, LIMIT_HEADER_OFFSET, LIMIT_HEADER_LENGTH];
    for (let i = 0; i < offsets.length; i++) {
      expect(check(plan.with32(field(0, offsets[i]), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
    }
    expect(check(plan.with32(field(1, LIMIT_MODEL_START), 1))).toBe(REFUSED_REFERENCE);
    expect(check(plan.with32(field(1, LIMIT_MODEL_COUNT), 3))).toBe(REFUSED_REFERENCE);
    expect(check(plan.with32(field(0, LIMIT_MODEL_COUNT), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
  });

  it("are refused for numbers out of their range, flags there are not, and two of one name", () => {
    const none: f64[] = [NaN, Infinity, -Infinity, -1];
    for (let i = 0; i < none.length; i++) {
      const bits = reinterpret<u64>(none[i]);
      expect(check(plan.with64(field(0, LIMIT_REQUESTS), bits))).toBe(REFUSED_VALUE);
      expect(check(plan.with64(field(1, LIMIT_TOKENS), bits))).toBe(REFUSED_VALUE);
      expect(check(plan.with64(field(0, LIMIT_PER), bits))).toBe(REFUSED_VALUE);
      expect(check(plan.with64(field(1, LIMIT_BURST), bits))).toBe(REFUSED_VALUE);
    }
    expect(check(plan.with64(field(0, LIMIT_PER), 0))).toBe(REFUSED_VALUE);
    expect(check(plan.with64(field(0, LIMIT_BURST), 0))).toBe(REFUSED_VALUE);
    expect(check(plan.with64(field(0, LIMIT_REQUESTS), 0))).toBe(ACCEPTED);
    expect(check(plan.with32(field(0, LIMIT_FLAGS), 2))).toBe(REFUSED_VALUE);
    expect(check(plan.with64(field(1, LIMIT_KEY), limitKey(clients)))).toBe(REFUSED_VALUE);
  });
});
