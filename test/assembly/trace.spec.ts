import { pickAt } from "../../assembly/schedule/candidates.ts";
import { resetInputs, setPrompt } from "../../assembly/schedule/inputs.ts";
import { seedRandom } from "../../assembly/schedule/random.ts";
import { schedule } from "../../assembly/schedule/schedule.ts";
import { beginTrace, endTrace, traceAt, traceLength, tracing } from "../../assembly/schedule/trace.ts";
import { Pool } from "../../assembly/state/pool.ts";
import {
  LOAD_BYTES, LOAD_RECEIVED_AT, SAMPLE_AGE, SAMPLE_BYTES, SAMPLE_FLAGS, SAMPLE_KV_USAGE, SAMPLE_RUNNING,
  SAMPLE_WAITING,
} from "../../wire/layout.ts";
import { golden } from "./golden.ts";
import { take } from "./take.ts";

const NOW: u64 = 1000000000;
const STALE_AFTER: i64 = 5000000;
const pool = new Pool();

function field(row: u32, offset: u32): u32 {
  return LOAD_BYTES + row * SAMPLE_BYTES + offset;
}

// Row 0: 40 wait, 17 run, cache empty. Row 1 is not ready. Row 2: none wait, 17 run, cache 7/8 full.
function serve(): void {
  const frame = golden("load-three")
    .with64(LOAD_RECEIVED_AT, NOW)
    .with32(field(2, SAMPLE_AGE), 10)
    .with32(field(0, SAMPLE_WAITING), 40)
    .with32(field(0, SAMPLE_RUNNING), 17)
    .with32(field(0, SAMPLE_KV_USAGE), 0)
    .with32(field(2, SAMPLE_WAITING), 0)
    .with32(field(2, SAMPLE_RUNNING), 17)
    .with32(field(2, SAMPLE_KV_USAGE), reinterpret<u32>(<f32>0.875));
  const roster = golden("roster-three");
  const plan = golden("plan-default");
  pool.setPlan(plan.at, plan.length);
  take(pool, roster.at, roster.length, frame.at, frame.length);
}

function explained(most: u32): string {
  seedRandom(1);
  beginTrace(pool, most);
  schedule(pool, NOW, STALE_AFTER);
  endTrace();
  return String.UTF8.decodeUnsafe(traceAt(), traceLength());
}

const BEGINNING =
  '{"pool":"default/base","promptTokens":150,"promptBlocks":0,"profiles":[{"name":"default","candidates":2,';

describe("an explanation", () => {
  beforeEach(() => {
    serve();
    resetInputs();
    setPrompt(150, 0, 64);
  });

  it("lists picks, signals and what each step did, in this form", () => {
    // Queue: 2 x 1 and 2 x 0. KV cache: 2 x 1/8 and 2 x 1.
    expect(explained(8)).toBe(
      BEGINNING + '"endpoints":["10.0.0.3:8000","10.0.0.1:8000"],' +
        '"signals":{"queue":[0,40],"running":[17,17],"kvUsage":[0.875,0],"inFlight":[0,0],"matchedBlocks":[0,0]},' +
        '"steps":[{"scorer":"queue-scorer","weight":2,"scores":[1,0]},' +
        '{"scorer":"kv-cache-utilization-scorer","weight":2,"scores":[0.125,1]},' +
        '{"picker":"max-score-picker","totals":[2.25,2],"ties":1,"picks":["10.0.0.3:8000","10.0.0.1:8000"]}]}]}',
    );
  });

  it("shows no more endpoints than asked for, the best ones, but all picks", () => {
    expect(explained(1)).toBe(
      BEGINNING + '"endpoints":["10.0.0.3:8000"],' +
        '"signals":{"queue":[0],"running":[17],"kvUsage":[0.875],"inFlight":[0],"matchedBlocks":[0]},' +
        '"steps":[{"scorer":"queue-scorer","weight":2,"scores":[1]},' +
        '{"scorer":"kv-cache-utilization-scorer","weight":2,"scores":[0.125]},' +
        '{"picker":"max-score-picker","totals":[2.25],"ties":1,"picks":["10.0.0.3:8000","10.0.0.1:8000"]}]}]}',
    );
  });

  it("changes no decision, and leaves nothing for the next request", () => {
    const once = explained(8);
    expect(explained(8)).toBe(once);
    const first = pickAt(0);
    expect(explained(0)).toBe("");
    expect(pickAt(0)).toBe(first);
    expect(tracing).toBe(false);
    expect(explained(8)).toBe(once);
  });

  it("of a pool without an endpoint that takes requests has no profile", () => {
    const frame = golden("load-three")
      .with64(LOAD_RECEIVED_AT, NOW)
      .with32(field(0, SAMPLE_FLAGS), 0)
      .with32(field(2, SAMPLE_FLAGS), 0);
    pool.setLoad(frame.at, frame.length);
    expect(explained(8)).toBe('{"pool":"default/base","promptTokens":150,"promptBlocks":0,"profiles":[]}');
  });
});
