// Tells the sidecar which pools this Envoy's workers use: a WANT with the stream's beginning, and one whenever that has
// changed.

import { KIND_WANT, MAX_POOLS, WANT_ALL, WANT_BYTES, WANT_FLAGS, WANT_POOLS } from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { takeBlock } from "../memory/blocks.ts";
import { Text } from "../text/text.ts";
import { writeHeader } from "../wire/header.ts";
import { ALL_POOLS, counts, isUses, useCount, usedPool, Uses } from "./uses.ts";

/** Rows grow old though nobody writes: so often the table is read through all the same, in microseconds. */
const READ_EVERY: u64 = 1_000_000;

@final
export class Want {
  /** Whether the pools in use are others than those that have been told. */
  due: bool = false;
  private key: Text;
  private frame: usize = 0;
  private flags: u32 = 0;
  private count: u32 = 0;
  private cas: u32 = 0;
  private nextRead: u64 = 0;

  constructor(uses: Uses) {
    this.key = uses.key;
  }

  /** Looks whether other pools are in use than at the last look. */
  look(now: u64): void {
    const found = host.getShared(this.key) && isUses(host.resultLength);
    const cas = found ? host.resultCas : 0;
    if (cas == this.cas && now < this.nextRead) return;
    this.cas = cas;
    this.nextRead = now + READ_EVERY;
    this.read(host.resultAt, found ? useCount(host.resultLength) : 0, now);
  }

  /** Sends what is in use as of the last look. */
  send(token: u32): void {
    const length = u32(WANT_BYTES) + (this.count << 3);
    writeHeader(this.frame, KIND_WANT, length);
    store<u32>(this.frame, this.flags, WANT_FLAGS);
    store<u32>(this.frame, this.count, WANT_POOLS);
    host.sendMessage(token, this.frame, length);
    this.due = false;
  }

  // Takes the table's pools over into the frame, in the table's order, and notes where they differ.
  private read(table: usize, rows: u32, now: u64): void {
    if (this.frame == 0) {
      const bytes = usize(WANT_BYTES) + (usize(MAX_POOLS) << 3);
      this.frame = takeBlock(bytes);
      memory.fill(this.frame, 0, bytes);
    }
    let flags: u32 = 0;
    let count: u32 = 0;
    for (let i: u32 = 0; i < rows; i++) {
      if (!counts(table, i, now)) continue;
      const pool = usedPool(table, i);
      if (pool == ALL_POOLS) {
        flags = WANT_ALL;
      } else if (count < u32(MAX_POOLS)) {
        const at = this.frame + (usize(count++) << 3);
        if (load<u64>(at, WANT_BYTES) != pool) this.due = true;
        store<u64>(at, pool, WANT_BYTES);
      }
    }
    if (flags != this.flags || count != this.count) this.due = true;
    this.flags = flags;
    this.count = count;
  }
}
