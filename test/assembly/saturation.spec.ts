import { anyReady, saturation } from "../../assembly/admission/saturation.ts";
import { Pool } from "../../assembly/state/pool.ts";
import { enter, leave } from "../../assembly/state/slots.ts";
import { sampleRow } from "../../assembly/wire/load.ts";
import {
  DETECTOR_CONCURRENCY, DETECTOR_UTILIZATION, LOAD_BYTES, LOAD_ENDPOINTS, LOAD_FRESH_FOR, LOAD_RECEIVED_AT,
  PLAN_DETECTOR, PLAN_DETECTOR_PARAMETERS, SAMPLE_AGE, SAMPLE_BYTES, SAMPLE_COUNTER, SAMPLE_FLAGS, SAMPLE_KV_USAGE,
  SAMPLE_NEVER, SAMPLE_READY, SAMPLE_RUNNING, SAMPLE_WAITING,
} from "../../wire/layout.ts";
import { golden } from "./golden.ts";

const SECOND: u64 = 1_000_000;
const COUNT: u32 = 3;
const roster = golden("roster-three");
const pool = new Pool();
let counter: u16 = 0;

// A pool of the golden roster, every endpoint idle but for what a test sets in the frames.
function detect(detector: i32, a: f64, b: f64, c: f64, d: f64): void {
  const plan = golden("plan-default");
  store<u32>(plan.at, detector, PLAN_DETECTOR);
  store<f64>(plan.at, a, PLAN_DETECTOR_PARAMETERS);
  store<f64>(plan.at + 8, b, PLAN_DETECTOR_PARAMETERS);
  store<f64>(plan.at + 16, c, PLAN_DETECTOR_PARAMETERS);
  store<f64>(plan.at + 24, d, PLAN_DETECTOR_PARAMETERS);
  pool.setRoster(roster.at, roster.length);
  pool.setPlan(plan.at, plan.length);
  const count = load<u32>(roster.at, 32);
  const bytes = usize(LOAD_BYTES) + usize(count) * SAMPLE_BYTES;
  const frame = heap.alloc(bytes);
  memory.fill(frame, 0, bytes);
  store<u32>(frame, count, LOAD_ENDPOINTS);
  store<u32>(frame, 2000, LOAD_FRESH_FOR);
  store<u64>(frame, SECOND, LOAD_RECEIVED_AT);
  counter++;
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(sampleRow(frame, i), i < COUNT ? SAMPLE_READY : 0, SAMPLE_FLAGS);
    store<u16>(sampleRow(frame, i), counter, SAMPLE_COUNTER);
  }
  pool.setLoad(frame, u32(bytes));
}

function now(): f64 {
  return saturation(pool, SECOND, 5 * SECOND, 0);
}

describe("saturation by utilization", () => {
  it("is the mean of the larger of queue and cache shares", () => {
    detect(DETECTOR_UTILIZATION, 5, 0.8, 200, 0);
    expect(now()).toBe(0);
    store<u32>(sampleRow(pool.load, 0), 10, SAMPLE_WAITING); // 2
    store<f32>(sampleRow(pool.load, 0), 0.4, SAMPLE_KV_USAGE); // 0.5
    store<f32>(sampleRow(pool.load, 1), 0.2, SAMPLE_KV_USAGE); // 0.25
    expect(now()).toBeCloseTo((2 + 0.25 + 0) / 3, 6);
  });

  it("takes stale samples for full ones", () => {
    detect(DETECTOR_UTILIZATION, 5, 0.8, 200, 0);
    store<u32>(sampleRow(pool.load, 0), 2000, SAMPLE_AGE); // older than 200 ms, but the load says that it is fresh
    expect(now()).toBe(0);
    store<u32>(sampleRow(pool.load, 0), 2001, SAMPLE_AGE);
    store<u32>(sampleRow(pool.load, 1), SAMPLE_NEVER, SAMPLE_AGE);
    expect(now()).toBeCloseTo(2.0 / 3, 9);
    detect(DETECTOR_UTILIZATION, 5, 0.8, 3000, 0);
    store<u32>(sampleRow(pool.load, 0), 2001, SAMPLE_AGE);
    expect(now()).toBe(0);
    expect(saturation(pool, 7 * SECOND, 5 * SECOND, 0)).toBe(1); // the sidecar has been silent for 6 s
  });

  it("counts what has been sent on since the sample", () => {
    detect(DETECTOR_UTILIZATION, 5, 0.8, 200, 0);
    store<u32>(sampleRow(pool.load, 0), 3, SAMPLE_WAITING);
    store<u32>(sampleRow(pool.load, 0), 8, SAMPLE_RUNNING);
    expect(now()).toBeCloseTo(0.6 / 3, 9);
    enter(pool.slot(0), 0, 0);
    expect(now()).toBeCloseTo(0.8 / 3, 9);
    leave(pool.slot(0), 0, 0);
  });

  it("leaves out endpoints that take no requests, and is 1 where there is no other", () => {
    detect(DETECTOR_UTILIZATION, 5, 0.8, 200, 0);
    store<u32>(sampleRow(pool.load, 0), 10, SAMPLE_WAITING);
    store<u32>(sampleRow(pool.load, 1), 0, SAMPLE_FLAGS);
    expect(now()).toBe(1); // (2 + 0) / 2
    expect(anyReady(pool)).toBe(true);
    for (let i: u32 = 0; i < COUNT; i++) store<u32>(sampleRow(pool.load, i), 0, SAMPLE_FLAGS);
    expect(now()).toBe(1);
    expect(anyReady(pool)).toBe(false);
  });
});

describe("saturation by concurrency", () => {
  it("is the requests, the tokens or the larger share of each endpoint", () => {
    const expected: f64[] = [6.0 / 30, 1500.0 / 3000, (1.0 + 0.5 + 0) / 3];
    for (let mode = 0; mode < 3; mode++) {
      detect(DETECTOR_CONCURRENCY, 10, 1000, 0, f64(mode));
      for (let i = 0; i < 5; i++) enter(pool.slot(0), 200, 0); // 5 of 10 requests, 1000 of 1000 tokens
      enter(pool.slot(1), 500, 0); // 1 of 10, 500 of 1000

      expect(now()).toBeCloseTo(expected[mode], 9);
      for (let i = 0; i < 5; i++) leave(pool.slot(0), 200, 0);
      leave(pool.slot(1), 500, 0);
    }
  });

  it("counts those that are on their way, with as many tokens as the others have", () => {
    const expected: f64[] = [8.0 / 30, 2000.0 / 3000, (0.6 + 0 + 0 + 2 * 0.1) / 3];
    for (let mode = 0; mode < 3; mode++) {
      detect(DETECTOR_CONCURRENCY, 10, 1000, 0, f64(mode));
      for (let i = 0; i < 6; i++) enter(pool.slot(0), mode == 2 ? 10 : 250, 0);
      expect(saturation(pool, SECOND, 5 * SECOND, 2)).toBeCloseTo(expected[mode], 9);
      for (let i = 0; i < 6; i++) leave(pool.slot(0), mode == 2 ? 10 : 250, 0);
    }
    detect(DETECTOR_UTILIZATION, 5, 0.8, 200, 0);
    expect(saturation(pool, SECOND, 5 * SECOND, 3)).toBeCloseTo(3.0 / 5 / 3, 9);
  });

  it("is 1 where all places are taken, however they lie", () => {
    detect(DETECTOR_CONCURRENCY, 6, 1000, 0, 0);
    for (let i = 0; i < 11; i++) enter(pool.slot(0), 1, 0);
    for (let i = 0; i < 7; i++) enter(pool.slot(1), 1, 0);
    expect(now()).toBe(1);
    for (let i = 0; i < 11; i++) leave(pool.slot(0), 1, 0);
    for (let i = 0; i < 7; i++) leave(pool.slot(1), 1, 0);
  });
});
