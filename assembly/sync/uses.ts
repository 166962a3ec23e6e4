// Which pools are in use. The workers of an Envoy keep one table of it in shared data, under CAS:
//
//   row: u64 key of a pool, 0 for all; u64 time, in microseconds, at which a worker last said that it uses it
//
// and the one with the stream tells the sidecar. What nobody repeats for a minute no longer counts, so that a worker
// that is gone, or a route that is, leaves nothing behind.

import { MAX_POOLS } from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { Text } from "../text/text.ts";
import { storeKey } from "./keys.ts";

/** Every pool is in use as far as it takes to serve the first request: which ones there are shows with the requests. */
export const ALL_POOLS: u64 = 0;
/** Microseconds after which a worker repeats what it still uses, and for which a row counts. */
export const SAID_EVERY: u64 = 10_000_000;
export const COUNTS_FOR: u64 = 60_000_000;
/** A row as young as this needs no repeating, whoever has written it. */
const YOUNG: u64 = 5_000_000;

const ROW: usize = 16;
/** Rows that a table may have: MAX_POOLS, and one for all. */
export const MAX_USES: u32 = u32(MAX_POOLS) + 1;
const ATTEMPTS: u32 = 4;

const rows: usize = memory.data(16400, 8); // MAX_USES rows

/** Whether `length` bytes may be a table. */
export function isUses(length: u32): bool {
  return length % u32(ROW) == 0 && length <= MAX_USES * u32(ROW);
}

/** How many rows a table of `length` bytes has. */
@inline
export function useCount(length: u32): u32 {
  return length / u32(ROW);
}

/** The pool of a row. */
@inline
export function usedPool(table: usize, index: u32): u64 {
  return load<u64>(table + usize(index) * ROW);
}

/** Whether a row still counts at `now`. */
@inline
export function counts(table: usize, index: u32, now: u64): bool {
  return since(table, index, now) <= i64(COUNTS_FOR);
}

/** Whether the table says already, and lately, that a pool is in use. */
export function saidLately(table: usize, count: u32, pool: u64, now: u64): bool {
  for (let i: u32 = 0; i < count; i++) {
    if (usedPool(table, i) == pool) return since(table, i, now) <= i64(YOUNG);
  }
  return false;
}

/**
 * Writes a use into a table, and leaves out what no longer counts; the others keep their order. Returns how many rows
 * there are now. There is room for MAX_USES; one more is not taken up.
 */
export function noteUse(table: usize, count: u32, pool: u64, now: u64): u32 {
  let kept: u32 = 0;
  let noted = false;
  for (let i: u32 = 0; i < count; i++) {
    const itself = usedPool(table, i) == pool;
    if (!itself && !counts(table, i, now)) continue;
    const row = table + usize(kept++) * ROW;
    memory.copy(row, table + usize(i) * ROW, ROW);
    if (!itself) continue;
    store<u64>(row, now, 8);
    noted = true;
  }
  if (noted || kept == MAX_USES) return kept;
  const row = table + usize(kept) * ROW;
  store<u64>(row, pool);
  store<u64>(row, now, 8);
  return kept + 1;
}

// Clocks are read before the table is, so that a row may be a little in the future.
@inline
function since(table: usize, index: u32, now: u64): i64 {
  return i64(now - load<u64>(table + usize(index) * ROW, 8));
}

/** The table of one sidecar's pools. */
@final
export class Uses {
  readonly key: Text;

  constructor(cluster: Text, authority: Text) {
    this.key = storeKey(cluster, authority, "uses");
  }

  /**
   * Says that this worker uses a pool. False: others have written all the while, and it is to be tried again. The very
   * first write of a table is not guarded, so what is said for the first time is to be said once more a little later.
   */
  say(pool: u64, now: u64): bool {
    for (let attempt: u32 = 0; attempt < ATTEMPTS; attempt++) {
      const exists = host.getShared(this.key);
      const count = exists && isUses(host.resultLength) ? useCount(host.resultLength) : 0;
      if (saidLately(host.resultAt, count, pool, now)) return true;
      memory.copy(rows, host.resultAt, usize(count) * ROW);
      const length = noteUse(rows, count, pool, now) * u32(ROW);
      if (host.setShared(this.key, rows, length, exists ? host.resultCas : 0)) return true;
    }
    return false;
  }
}
