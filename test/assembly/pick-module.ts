// Picks in a pool of given frames, without a proxy around them: what bench/cases/pick.ts measures.

import { configurePrefixIndex, matchPrefix, recordPrefix } from "../../assembly/prefix/index.ts";
import { pickAt } from "../../assembly/schedule/candidates.ts";
import { setPrompt } from "../../assembly/schedule/inputs.ts";
import { schedule } from "../../assembly/schedule/schedule.ts";
import { NEEDS_MATCHED } from "../../assembly/schedule/signals.ts";
import { Pool } from "../../assembly/state/pool.ts";
import { rosterEndpoints } from "../../assembly/wire/roster.ts";

const STALE_AFTER: i64 = 5000000;
const INDEX_BYTES: u32 = 16777216;
const pool = new Pool();
const hashes: usize = memory.data(2048, 8); // u64[256]
let count: u32 = 0;

/** Room for a frame. */
export function allocate(bytes: u32): usize {
  return heap.alloc(bytes);
}

/** Gives the pool its frames, which checkRoster, checkLoad and checkPlan accept. */
export function setFrames(
  plan: usize, planLength: u32, roster: usize, rosterLength: u32, loadFrame: usize, loadLength: u32,
): void {
  configurePrefixIndex(INDEX_BYTES);
  pool.setPlan(plan, planLength);
  pool.setRoster(roster, rosterLength);
  pool.setLoad(loadFrame, loadLength);
}

/** A prompt of so many blocks: the first `shared` of them every endpoint holds, all of them the last endpoint. */
export function setBlocks(blocks: u32, shared: u32): void {
  count = blocks;
  for (let i: u32 = 0; i < blocks; i++) store<u64>(hashes + (usize(i) << 3), (u64(i) + 1) * 0x9e3779b97f4a7c15);
  const endpoints = rosterEndpoints(pool.roster);
  for (let row: u32 = 0; row < endpoints; row++) recordPrefix(pool.slot(row).number, hashes, shared, 0);
  recordPrefix(pool.slot(endpoints - 1).number, hashes, blocks, 0);
}

/** Matches and schedules the prompt `times` times. Returns the sum of the rows that were picked first. */
export function run(times: u32, now: u64): u32 {
  setPrompt(f64(count) * 64, count, 64);
  let sum: u32 = 0;
  for (let i: u32 = 0; i < times; i++) {
    if ((pool.derived.planNeeds & NEEDS_MATCHED) != 0) matchPrefix(hashes, count);
    if (schedule(pool, now, STALE_AFTER) != 0) sum += pickAt(0);
  }
  return sum;
}
