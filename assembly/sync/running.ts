// How many requests for each model a worker has with endpoints now, for one sidecar. A request keeps the address of the
// row in which it counts; a row without requests is free for the next model.

import { MAX_RUNNING, MODEL_KEPT_MAX } from "../../wire/layout.ts";
import { takeBlock } from "../memory/blocks.ts";

/** Requests of one pool for one model. */
@unmanaged
@final
export class RunningRow {
  /** Key of the pool, and xxh64 of the model's name; both 0 in the row of what found no other. */
  pool: u64;
  model: u64;
  /** Requests now, and as they were told last. */
  requests: u32;
  told: u32;
  /** Bytes of the name that are kept, right behind the row. */
  length: u32;
}

const NAME: usize = (offsetof<RunningRow>() + 7) & ~7;
const ROW: usize = NAME + usize(MODEL_KEPT_MAX);
/** No number of requests: the row is to be told anew. */
const UNTOLD: u32 = u32.MAX_VALUE;

@final
export class Running {
  private rows: usize = takeBlock(usize(MAX_RUNNING) * ROW);
  /** Rows that have been in use; the first is that of what finds no other. */
  used: u32 = 1;

  constructor() {
    memory.fill(this.rows, 0, ROW);
  }

  @inline
  row(index: u32): RunningRow {
    return changetype<RunningRow>(this.rows + usize(index) * ROW);
  }

  /** A request for the model of this hash and name goes to an endpoint. Returns the address of the row for `leave`. */
  enter(pool: u64, model: u64, name: usize, length: u32): usize {
    const row = this.find(pool, model);
    const isRest = changetype<usize>(row) == this.rows;
    if (!isRest && (row.model != model || row.pool != pool)) {
      row.pool = pool;
      row.model = model;
      row.requests = 0;
      row.told = UNTOLD;
      row.length = min<u32>(length, u32(MODEL_KEPT_MAX));
      memory.copy(changetype<usize>(row) + NAME, name, row.length);
    }
    row.requests++;
    return changetype<usize>(row);
  }

  // The model's row, else a free one, else the first.
  private find(pool: u64, model: u64): RunningRow {
    let free: u32 = 0;
    for (let i: u32 = 1; i < this.used; i++) {
      const row = this.row(i);
      if (row.model == model && row.pool == pool) return row;
      if (free == 0 && row.requests == 0) free = i;
    }
    if (free == 0 && this.used < u32(MAX_RUNNING)) free = this.used++;
    return this.row(free);
  }

  /** Whether any number is another than when it was told last. */
  changed(): bool {
    for (let i: u32 = 0; i < this.used; i++) {
      if (this.row(i).requests != this.row(i).told) return true;
    }
    return false;
  }

  /** Whether there is any request. */
  any(): bool {
    for (let i: u32 = 0; i < this.used; i++) {
      if (this.row(i).requests != 0) return true;
    }
    return false;
  }
}

/** The name of a row's model. */
@inline
export function runningName(row: RunningRow): usize {
  return changetype<usize>(row) + NAME;
}

/** A request that entered a row, by the address that it was given, is over. */
export function leaveRunning(at: usize): void {
  changetype<RunningRow>(at).requests--;
}
