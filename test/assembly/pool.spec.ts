import { Pool } from "../../assembly/state/pool.ts";
import { enter, findSlot, leave } from "../../assembly/state/slots.ts";
import { endpointKey } from "../../assembly/wire/roster.ts";
import { ENDPOINT_BYTES, ENDPOINT_KEY, ROSTER_BYTES, SAMPLE_BYTES, SAMPLE_COUNTER, LOAD_BYTES } from "../../wire/layout.ts";
import { golden } from "./golden.ts";
import { take } from "./take.ts";

const roster = golden("roster-three");
const load3 = golden("load-three");
const plan = golden("plan-default");
const policy = golden("policy-full");

function keyAt(index: u32): u32 {
  return ROSTER_BYTES + index * ENDPOINT_BYTES + ENDPOINT_KEY;
}

function counterAt(index: u32): u32 {
  return LOAD_BYTES + index * SAMPLE_BYTES + SAMPLE_COUNTER;
}

describe("a pool", () => {
  it("is usable with all three frames, each of which it keeps as its own copy", () => {
    const pool = new Pool();
    expect(pool.usable).toBeFalsy();
    pool.setPlan(plan.at, plan.length);
    expect(pool.usable).toBeFalsy();
    take(pool, roster.at, roster.length, load3.at, load3.length);
    expect(pool.usable).toBeTruthy();
    expect(pool.roster).not.toBe(roster.at);
    expect(memory.compare(pool.roster, roster.at, roster.length)).toBe(0);
    expect(memory.compare(pool.load, load3.at, load3.length)).toBe(0);
    expect(memory.compare(pool.plan, plan.at, plan.length)).toBe(0);
    pool.clear();
    expect(pool.usable).toBeFalsy();
    expect(pool.roster).toBe(0);
  });

  it("keeps a policy beside them, which it does not need", () => {
    const pool = new Pool();
    pool.setPlan(plan.at, plan.length);
    take(pool, roster.at, roster.length, load3.at, load3.length);
    expect(pool.policy).toBe(0);
    expect(pool.usable).toBeTruthy();
    pool.setPolicy(policy.at, policy.length);
    expect(pool.policy).not.toBe(policy.at);
    expect(memory.compare(pool.policy, policy.at, policy.length)).toBe(0);
    pool.dropPolicy();
    expect(pool.policy).toBe(0);
    pool.setPolicy(policy.at, policy.length);
    pool.clear();
    expect(pool.policy).toBe(0);
  });

  it("lists one slot per endpoint, in the roster's order", () => {
    const pool = new Pool();
    take(pool, roster.at, roster.length, load3.at, load3.length);
    for (let i: u32 = 0; i < 3; i++) {
      expect(pool.slot(i).key).toBe(endpointKey(roster.at, i));
      expect(changetype<usize>(findSlot(endpointKey(roster.at, i)))).toBe(changetype<usize>(pool.slot(i)));
    }
    pool.clear();
    for (let i: u32 = 0; i < 3; i++) expect(changetype<usize>(findSlot(endpointKey(roster.at, i)))).toBe(0);
  });

  it("keeps the counts of endpoints that stay, and frees the slot of one that goes once it is idle", () => {
    const pool = new Pool();
    take(pool, roster.at, roster.length, load3.at, load3.length);
    const stays = pool.slot(0);
    const goes = pool.slot(1);
    const gone = goes.key;
    enter(stays, 0, 0);
    enter(goes, 0, 0);
    const other = roster.with64(keyAt(1), 0x1234);
    take(pool, other.at, other.length, load3.at, load3.length);
    expect(changetype<usize>(pool.slot(0))).toBe(changetype<usize>(stays));
    expect(pool.slot(0).ownRequests).toBe(1);
    expect(pool.slot(1).key).toBe(0x1234);
    expect(pool.slot(1).ownRequests).toBe(0);
    expect(changetype<usize>(findSlot(gone))).toBe(changetype<usize>(goes));
    leave(goes, 0, 0);
    expect(changetype<usize>(findSlot(gone))).toBe(0);
    leave(stays, 0, 0);
    pool.clear();
  });

  it("shares the slots of endpoints that another pool lists too", () => {
    const one = new Pool();
    const two = new Pool();
    take(one, roster.at, roster.length, load3.at, load3.length);
    take(two, roster.at, roster.length, load3.at, load3.length);
    enter(one.slot(2), 0, 0);
    expect(two.slot(2).ownRequests).toBe(1);
    one.clear();
    expect(two.slot(2).ownRequests).toBe(1);
    expect(changetype<usize>(findSlot(two.slot(2).key))).toBe(changetype<usize>(two.slot(2)));
    leave(two.slot(2), 0, 0);
    two.clear();
  });

  it("takes a new baseline for the endpoints whose sample is new", () => {
    const pool = new Pool();
    take(pool, roster.at, roster.length, load3.at, load3.length);
    for (let i: u32 = 0; i < 3; i++) {
      enter(pool.slot(i), 0, 0);
      expect(pool.slot(i).baseline).toBe(0);
    }
    const middle = load3.with16(counterAt(1), 5);
    pool.setLoad(middle.at, middle.length);
    expect(pool.slot(0).baseline).toBe(0);
    expect(pool.slot(1).baseline).toBe(1);
    expect(pool.slot(2).baseline).toBe(0);
    const ends = middle.with16(counterAt(0), 6).with16(counterAt(2), 6);
    pool.setLoad(ends.at, ends.length);
    for (let i: u32 = 0; i < 3; i++) expect(pool.slot(i).baseline).toBe(1);
    for (let i: u32 = 0; i < 3; i++) leave(pool.slot(i), 0, 0);
    pool.clear();
  });

  it("takes an empty roster", () => {
    const empty = golden("roster-empty");
    const none = load3.with32(32, 0);
    const pool = new Pool();
    pool.setPlan(plan.at, plan.length);
    take(pool, empty.at, empty.length, none.at, LOAD_BYTES);
    expect(pool.usable).toBeTruthy();
    pool.clear();
  });

  it("uses its memory again", () => {
    const pool = new Pool();
    pool.setPlan(plan.at, plan.length);
    take(pool, roster.at, roster.length, load3.at, load3.length);
    const pages = memory.size();
    for (let i = 0; i < 20000; i++) {
      take(pool, roster.at, roster.length, load3.at, load3.length);
      pool.setLoad(load3.at, load3.length);
      pool.setPlan(plan.at, plan.length);
      if (i % 100 == 0) pool.clear();
    }
    expect(memory.size()).toBe(pages);
    pool.clear();
  });
});
