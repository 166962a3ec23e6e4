import { pickAt } from "../../assembly/schedule/candidates.ts";
import { seedRandom } from "../../assembly/schedule/random.ts";
import { schedule, scheduleAny } from "../../assembly/schedule/schedule.ts";
import { Pool } from "../../assembly/state/pool.ts";
import { enter, leave } from "../../assembly/state/slots.ts";
import {
  LOAD_BYTES, LOAD_FRESH_FOR, LOAD_RECEIVED_AT, PLAN_BYTES, PROFILE_BYTES, SAMPLE_AGE, SAMPLE_BYTES, SAMPLE_FLAGS,
  SAMPLE_KV_USAGE, SAMPLE_RUNNING, SAMPLE_WAITING, STEP_BYTES, STEP_WEIGHT,
} from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";
import { take } from "./take.ts";

// load-three: row 0 is fresh, row 1 is not ready and was never scraped, row 2 is ready and stale.
const RECEIVED_AT: u64 = 1000000000;
const STALE_AFTER: i64 = 5000000;
const roster = golden("roster-three");
const plan = golden("plan-default");

function sampleField(row: u32, field: u32): u32 {
  return LOAD_BYTES + row * SAMPLE_BYTES + field;
}

function weightField(step: u32): u32 {
  return PLAN_BYTES + PROFILE_BYTES + step * STEP_BYTES + STEP_WEIGHT;
}

function loadFrame(): Frame {
  return golden("load-three").with64(LOAD_RECEIVED_AT, RECEIVED_AT);
}

// Rows 0 and 2 fresh: row 0 has a queue and an empty cache, row 2 no queue and a cache that is 7/8 full.
function opposites(): Frame {
  return loadFrame()
    .with32(sampleField(2, SAMPLE_AGE), 10)
    .with32(sampleField(0, SAMPLE_WAITING), 40)
    .with32(sampleField(2, SAMPLE_WAITING), 0)
    .with32(sampleField(2, SAMPLE_RUNNING), 17)
    .with32(sampleField(0, SAMPLE_KV_USAGE), 0)
    .with32(sampleField(2, SAMPLE_KV_USAGE), reinterpret<u32>(<f32>0.875));
}

function poolOf(frame: Frame, planFrame: Frame = plan): Pool {
  const pool = new Pool();
  pool.setPlan(planFrame.at, planFrame.length);
  take(pool, roster.at, roster.length, frame.at, frame.length);
  return pool;
}

function enterTimes(pool: Pool, row: u32, times: i32): void {
  for (let i = 0; i < times; i++) enter(pool.slot(row), 0, 0);
}

function drain(pool: Pool): void {
  for (let row: u32 = 0; row < 3; row++) {
    while (pool.slot(row).ownRequests > 0) leave(pool.slot(row), 0, 0);
  }
  pool.clear();
}

describe("a schedule", () => {
  it("takes ready endpoints with fresh samples only", () => {
    const pool = poolOf(loadFrame());
    expect(schedule(pool, RECEIVED_AT, STALE_AFTER)).toBe(1);
    expect(pickAt(0)).toBe(0);
    drain(pool);
  });

  it("takes a sample as old as freshFor, and none that is older", () => {
    const just = poolOf(loadFrame().with32(sampleField(2, SAMPLE_AGE), 2000));
    expect(schedule(just, RECEIVED_AT, STALE_AFTER)).toBe(2);
    const older = poolOf(loadFrame().with32(sampleField(2, SAMPLE_AGE), 2001));
    expect(schedule(older, RECEIVED_AT, STALE_AFTER)).toBe(1);
    drain(just);
    drain(older);
  });

  it("never takes one that was never scraped while others are fresh", () => {
    const pool = poolOf(loadFrame().with32(LOAD_FRESH_FOR, 0xfffffffe).with32(sampleField(1, SAMPLE_FLAGS), 1));
    expect(schedule(pool, RECEIVED_AT, STALE_AFTER)).toBe(2);
    for (let place: u32 = 0; place < 2; place++) expect(pickAt(place)).not.toBe(1);
    drain(pool);
  });

  it("goes by what is in flight where every sample is stale", () => {
    const pool = poolOf(loadFrame().with32(sampleField(0, SAMPLE_AGE), 5000));
    enterTimes(pool, 0, 2);
    enterTimes(pool, 2, 3);
    expect(schedule(pool, RECEIVED_AT, STALE_AFTER)).toBe(2);
    expect(pickAt(0)).toBe(0);
    enterTimes(pool, 0, 2);
    schedule(pool, RECEIVED_AT, STALE_AFTER);
    expect(pickAt(0)).toBe(2);
    drain(pool);
  });

  it("goes by what is in flight once the sidecar has been silent for longer than staleAfter", () => {
    const pool = poolOf(loadFrame());
    enterTimes(pool, 0, 1);
    const last = RECEIVED_AT + u64(STALE_AFTER);
    expect(schedule(pool, last, STALE_AFTER)).toBe(1, "row 2 is stale");
    expect(schedule(pool, last + 1, STALE_AFTER)).toBe(2, "all are");
    expect(pickAt(0)).toBe(2);
    drain(pool);
  });

  it("has no endpoint where none is ready", () => {
    const none = loadFrame().with32(sampleField(0, SAMPLE_FLAGS), 0).with32(sampleField(2, SAMPLE_FLAGS), 0);
    const pool = poolOf(none);
    expect(schedule(pool, RECEIVED_AT, STALE_AFTER)).toBe(0);
    expect(scheduleAny(pool, RECEIVED_AT, STALE_AFTER)).toBe(0);
    expect(schedule(pool, RECEIVED_AT + 60000000, STALE_AFTER)).toBe(0);
    drain(pool);
  });

  it("weighs the plan's scorers", () => {
    // Queue 2, KV cache 2: row 0 has 0 + 2, row 2 has 2 + 0.25.
    const pool = poolOf(opposites());
    expect(schedule(pool, RECEIVED_AT, STALE_AFTER)).toBe(2);
    expect(pickAt(0)).toBe(2);
    // Queue 1: row 0 has 0 + 2, row 2 has 1 + 0.25.
    const other = poolOf(opposites(), plan.with64(weightField(0), reinterpret<u64>(<f64>1)));
    schedule(other, RECEIVED_AT, STALE_AFTER);
    expect(pickAt(0)).toBe(0);
    drain(pool);
    drain(other);
  });

  it("runs the first profile, whole, where there are several", () => {
    // Queue 0.5, KV cache 1, running 3: row 0 is the better by cache and by running requests.
    const pool = poolOf(opposites(), golden("plan-two-profiles"));
    expect(schedule(pool, RECEIVED_AT, STALE_AFTER)).toBe(2);
    expect(pickAt(0)).toBe(0);
    drain(pool);
  });

  it("counts what has been sent since the sample", () => {
    const even = opposites()
      .with32(sampleField(0, SAMPLE_WAITING), 0)
      .with32(sampleField(2, SAMPLE_KV_USAGE), 0);
    const pool = poolOf(even);
    enterTimes(pool, 0, 1);
    for (let i = 0; i < 20; i++) {
      schedule(pool, RECEIVED_AT, STALE_AFTER);
      expect(pickAt(0)).toBe(2);
    }
    drain(pool);
  });
});

describe("a schedule for a request without a body", () => {
  it("takes candidates by chance, whatever their scores", () => {
    seedRandom(8);
    const pool = poolOf(opposites());
    let first = 0;
    for (let i = 0; i < 10000; i++) {
      expect(scheduleAny(pool, RECEIVED_AT, STALE_AFTER)).toBe(2);
      if (pickAt(0) == 0) first++;
    }
    expect(abs(first - 5000)).toBeLessThan(300);
    drain(pool);
  });
});
