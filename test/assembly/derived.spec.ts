import { Derived } from "../../assembly/state/derived.ts";
import { Pool } from "../../assembly/state/pool.ts";
import { NEEDS_MATCHED, NEEDS_SESSION, NEEDS_TPOT, NEEDS_TTFT } from "../../assembly/schedule/signals.ts";
import { xxh64 } from "../../assembly/hash/xxh64.ts";
import { RANGE_BYTES, rangeLeast, rangeMost } from "../../assembly/schedule/context-range.ts";
import { LOAD_BYTES, LOAD_ENDPOINTS } from "../../wire/layout.ts";
import { golden } from "./golden.ts";
import { take } from "./take.ts";

const everything = golden("plan-everything");
const ranges = golden("context-lengths");
const roles = golden("roster-roles");
const samples = golden("load-roles");

function nameHash(name: string): u64 {
  const bytes = String.UTF8.encode(name);
  return xxh64(changetype<usize>(bytes), bytes.byteLength);
}

describe("what follows from a plan and a roster", () => {
  it("is what each profile needs to know, and all of them together", () => {
    const derived = new Derived();
    derived.make(everything.at, roles.at);
    const all = NEEDS_MATCHED | NEEDS_TTFT | NEEDS_TPOT | NEEDS_SESSION;
    expect(derived.needs(0)).toBe(all);
    expect(derived.needs(1)).toBe(0);
    expect(derived.planNeeds).toBe(all);
    const two = golden("plan-two-profiles");
    derived.make(two.at, roles.at);
    expect(derived.needs(0)).toBe(0);
    expect(derived.planNeeds).toBe(0);
    derived.drop();
  });

  it("asks for matched blocks where the handler decides by them", () => {
    const derived = new Derived();
    const plan = golden("plan-disagg"); // of the profiles none does
    derived.make(plan.at, roles.at);
    expect(derived.needs(0)).toBe(NEEDS_SESSION);
    expect(derived.needs(1)).toBe(0);
    expect(derived.planNeeds).toBe(NEEDS_MATCHED | NEEDS_SESSION);
    derived.drop();
  });

  it("is the session's header and the endpoints' hashed names", () => {
    const derived = new Derived();
    derived.make(everything.at, roles.at);
    expect(String.UTF8.decodeUnsafe(derived.sessionHeader, derived.sessionHeaderLength)).toBe("x-session-token");
    for (let row = 0; row < 7; row++) {
      expect(load<u64>(derived.names + (row << 3))).toBe(nameHash("default/pod-" + row.toString()));
    }
    const plain = golden("plan-default");
    derived.make(plain.at, roles.at);
    expect(derived.sessionHeaderLength).toBe(0);
    derived.drop();
  });

  it("is a bit for each row of a label selector, and a range for each of a context length plugin", () => {
    const derived = new Derived();
    derived.make(everything.at, ranges.at);
    expect(load<u16>(derived.table(0))).toBe(0, "nobody has a role");
    for (let step = 3; step <= 9; step += 6) {
      const table = derived.table(step);
      expect(rangeLeast(table, 1)).toBe(2048);
      expect(rangeMost(table, 1)).toBe(8192);
      expect(isNaN(rangeLeast(table, 4))).toBe(true, "no label");
      expect(rangeMost(table, 11)).toBe(-Infinity, "no range");
    }
    expect(derived.table(9) - derived.table(3)).toBe(12 * RANGE_BYTES, "tables do not overlap");
    expect(derived.table(1)).toBe(0);
    derived.make(everything.at, roles.at);
    expect(load<u8>(derived.table(0))).toBe(0b1110111);
    expect(isNaN(rangeLeast(derived.table(3), 0))).toBe(true);
    derived.drop();
  });

  it("takes a roster of no endpoints", () => {
    const derived = new Derived();
    derived.make(everything.at, golden("roster-empty").at);
    expect(derived.needs(1)).toBe(0);
    derived.drop();
  });
});

describe("a pool", () => {
  it("works it out once there are plan and roster, whichever comes first, and anew with either", () => {
    const pool = new Pool();
    pool.setPlan(everything.at, everything.length);
    take(pool, roles.at, roles.length, samples.at, samples.length);
    expect(load<u8>(pool.derived.table(0))).toBe(0b1110111);
    const selectors = golden("plan-selectors");
    pool.setPlan(selectors.at, selectors.length);
    expect(load<u8>(pool.derived.table(0))).toBe(1, "role decode");
    expect(load<u8>(pool.derived.table(3))).toBe(8, "no role");
    const empty = golden("roster-empty");
    const none = golden("load-three").with32(LOAD_ENDPOINTS, 0);
    take(pool, empty.at, empty.length, none.at, LOAD_BYTES);
    expect(pool.derived.planNeeds).toBe(0);
    pool.clear();
    take(pool, roles.at, roles.length, samples.at, samples.length);
    expect(pool.usable).toBe(false);
    pool.setPlan(everything.at, everything.length);
    expect(load<u8>(pool.derived.table(0))).toBe(0b1110111);
    pool.clear();
  });

  it("uses its memory again", () => {
    const pool = new Pool();
    pool.setPlan(everything.at, everything.length);
    take(pool, roles.at, roles.length, samples.at, samples.length);
    const pages = memory.size();
    for (let i = 0; i < 20000; i++) {
      take(pool, roles.at, roles.length, samples.at, samples.length);
      pool.setPlan(everything.at, everything.length);
      if (i % 100 == 0) pool.clear();
    }
    expect(memory.size()).toBe(pages);
    pool.clear();
  });
});
