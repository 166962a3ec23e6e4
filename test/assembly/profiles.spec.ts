import { candidates, pickAt } from "../../assembly/schedule/candidates.ts";
import { forgetSlot, hadColdPick } from "../../assembly/schedule/cold-picks.ts";
import { resetInputs, setImages, setPrompt } from "../../assembly/schedule/inputs.ts";
import { seedRandom } from "../../assembly/schedule/random.ts";
import {
  afterPick, dataParallelPort, encodePickAt, encodePicks, FILTERED_OUT, NO_ENDPOINT, PICKED, prefillPick, runStep,
  schedule, scheduleAny, scheduleOutcome,
} from "../../assembly/schedule/schedule.ts";
import { Pool } from "../../assembly/state/pool.ts";
import { LOAD_BYTES, LOAD_RECEIVED_AT, SAMPLE_BYTES, SAMPLE_FLAGS } from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";
import { take } from "./take.ts";

// Roles by row: decode, prefill, encode, none, prefill, encode, other. Row i has i requests waiting.
const roster = golden("roster-roles");
const RECEIVED_AT: u64 = 1000000000;
const STALE_AFTER: i64 = 5000000;

function samples(): Frame {
  return golden("load-roles").with64(LOAD_RECEIVED_AT, RECEIVED_AT);
}

function poolOf(plan: string, load: Frame = samples()): Pool {
  resetInputs();
  const pool = new Pool();
  const frame = golden(plan);
  pool.setPlan(frame.at, frame.length);
  take(pool, roster.at, roster.length, load.at, load.length);
  return pool;
}

function run(pool: Pool): u32 {
  return schedule(pool, RECEIVED_AT, STALE_AFTER);
}

function forgetColdPicks(): void {
  for (let number: u32 = 0; number < 100; number++) forgetSlot(number);
}

describe("a disaggregated schedule", () => {
  it("picks a decode endpoint, and by its deciders who prefills and who encodes", () => {
    forgetColdPicks();
    seedRandom(31);
    const pool = poolOf("plan-disagg-always");
    expect(run(pool)).toBe(2);
    expect(scheduleOutcome()).toBe(PICKED);
    expect(pickAt(0)).toBe(0);
    expect(pickAt(1)).toBe(3);
    expect(prefillPick()).toBe(1, "the first that never got a cold request");
    expect(encodePicks()).toBe(2);
    expect(encodePickAt(0) + encodePickAt(1)).toBe(7);
    expect(dataParallelPort()).toBe(0);
    pool.clear();
  });

  it("tells the prefill endpoint of a cold request", () => {
    forgetColdPicks();
    const pool = poolOf("plan-disagg-always");
    const order = [1, 4, 1, 4];
    for (let i = 0; i < 4; i++) {
      run(pool);
      expect(prefillPick()).toBe(order[i]);
      afterPick();
    }
    expect(hadColdPick(pool.slot(0).number)).toBe(true, "the decode endpoint, too");
    expect(hadColdPick(pool.slot(3).number)).toBe(false, "not who was picked second");
    pool.clear();
    forgetColdPicks();
  });

  it("prefills apart where enough of a long prompt is not cached", () => {
    const pool = poolOf("plan-disagg-prefix"); // at least 100 not cached of at least 200
    const tokens: f64[] = [0, 99, 100, 199, 200, 5000];
    const apart = [-1, -1, -1, -1, 1, 1];
    for (let i = 0; i < tokens.length; i++) {
      forgetColdPicks();
      setPrompt(tokens[i], 0, 64);
      expect(run(pool)).toBe(2);
      expect(prefillPick()).toBe(apart[i], tokens[i].toString() + " tokens");
      expect(encodePicks()).toBe(0, "there is no encode profile");
    }
    expect(dataParallelPort()).toBe(9000);
    pool.clear();
  });

  it("encodes apart where there are images, and prefills nowhere without a profile", () => {
    const pool = poolOf("plan-disagg-multimodal");
    run(pool);
    expect(encodePicks()).toBe(0);
    setImages(1);
    run(pool);
    expect(encodePicks()).toBe(2);
    expect(prefillPick()).toBe(-1);
    pool.clear();
  });

  it("goes without the parts that nobody can take", () => {
    let load = samples();
    const gone: u32[] = [1, 2, 4, 5];
    for (let i = 0; i < 4; i++) load = load.with32(LOAD_BYTES + gone[i] * SAMPLE_BYTES + SAMPLE_FLAGS, 0);
    const pool = poolOf("plan-disagg-always", load);
    expect(run(pool)).toBe(2);
    expect(scheduleOutcome()).toBe(PICKED);
    expect(prefillPick()).toBe(-1);
    expect(encodePicks()).toBe(0);
    pool.clear();
  });

  it("is filtered out where nobody decodes", () => {
    const load = samples()
      .with32(LOAD_BYTES + SAMPLE_FLAGS, 0)
      .with32(LOAD_BYTES + 3 * SAMPLE_BYTES + SAMPLE_FLAGS, 0);
    const pool = poolOf("plan-disagg-always", load);
    expect(run(pool)).toBe(0);
    expect(scheduleOutcome()).toBe(FILTERED_OUT);
    expect(prefillPick()).toBe(-1);
    expect(encodePicks()).toBe(0);
    pool.clear();
  });
});

describe("an outcome", () => {
  it("tells filtered out from no endpoint at all, and forgets the one before", () => {
    const none = poolOf("plan-none-passes");
    expect(run(none)).toBe(0);
    expect(scheduleOutcome()).toBe(FILTERED_OUT);
    const always = poolOf("plan-disagg-always");
    run(always);
    expect(prefillPick()).toBeGreaterThan(-1);
    let load = samples();
    for (let row: u32 = 0; row < 7; row++) load = load.with32(LOAD_BYTES + row * SAMPLE_BYTES + SAMPLE_FLAGS, 0);
    const empty = poolOf("plan-disagg-always", load);
    expect(run(empty)).toBe(0);
    expect(scheduleOutcome()).toBe(NO_ENDPOINT);
    expect(prefillPick()).toBe(-1);
    expect(encodePicks()).toBe(0);
    run(always);
    expect(scheduleAny(empty, RECEIVED_AT, STALE_AFTER)).toBe(0);
    expect(scheduleOutcome()).toBe(NO_ENDPOINT);
    none.clear();
    always.clear();
    empty.clear();
  });

  it("of a request without a body is picked, by no plan", () => {
    const pool = poolOf("plan-none-passes");
    expect(scheduleAny(pool, RECEIVED_AT, STALE_AFTER)).toBe(3);
    expect(scheduleOutcome()).toBe(PICKED);
    expect(prefillPick()).toBe(-1);
    expect(dataParallelPort()).toBe(0);
    pool.clear();
  });
});

describe("a data-parallel schedule", () => {
  it("has a port, which others have not", () => {
    const pool = poolOf("plan-data-parallel");
    expect(run(pool)).toBe(1);
    expect(dataParallelPort()).toBe(8000);
    const plain = poolOf("plan-cold");
    run(plain);
    expect(dataParallelPort()).toBe(0);
    pool.clear();
    plain.clear();
  });
});

describe("cold requests", () => {
  it("go round, once they are noted", () => {
    forgetColdPicks();
    const pool = poolOf("plan-cold");
    for (let i: u32 = 0; i < 14; i++) {
      run(pool);
      expect(pickAt(0)).toBe(i % 7);
      run(pool);
      expect(pickAt(0)).toBe(i % 7, "not noted yet");
      afterPick();
    }
    forgetColdPicks();
    pool.clear();
  });

  it("are not noted where nothing was picked, or no plugin asked", () => {
    forgetColdPicks();
    const pool = poolOf("plan-cold");
    run(pool);
    const none = poolOf("plan-none-passes");
    run(none);
    afterPick();
    scheduleAny(pool, RECEIVED_AT, STALE_AFTER);
    afterPick();
    const plain = poolOf("plan-data-parallel");
    run(plain);
    afterPick();
    for (let row: u32 = 0; row < 7; row++) expect(hadColdPick(pool.slot(row).number)).toBe(false);
    pool.clear();
    none.clear();
    plain.clear();
  });
});

describe("every plugin", () => {
  it("runs in a profile", () => {
    const pool = poolOf("plan-everything");
    seedRandom(32);
    setPrompt(1000, 15, 64);
    for (let i = 0; i < 1000; i++) {
      expect(run(pool)).toBe(3);
      expect(pickAt(0)).not.toBe(3, "row 3 has no role");
      afterPick();
    }
    forgetColdPicks();
    pool.clear();
  });

  it("runs as a step, which tells how many candidates it leaves", () => {
    const pool = poolOf("plan-everything");
    run(pool);
    expect(candidates()).toBe(6);
    expect(runStep(pool, 0)).toBe(6);
    expect(runStep(pool, 4)).toBe(6);
    expect(runStep(pool, 11)).toBe(3);
    forgetColdPicks();
    pool.clear();
  });
});
