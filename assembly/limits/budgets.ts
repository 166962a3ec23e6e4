// The budgets of one sidecar's pools, which all workers of this Envoy share: rows in shared data, written under CAS.

import * as host from "../abi/host.ts";
import { frameKey, renumber } from "../sync/keys.ts";
import { Text } from "../text/text.ts";
import {
  beginTelling, confirm, debt, endTelling, findRow, isTelling, REQUESTS, ROW, rowFor, ROWS, take, TOKENS, untold,
  waitFor,
} from "./budget.ts";

/** Tables, a power of two. With 16 rows each they hold 16,384 budgets, of 768 KiB. */
const TABLES: u64 = 1024;
/** Of so many attempts the last overwrites what another worker has written meanwhile. */
const ATTEMPTS: u32 = 16;

/** Who tells the sidecar of a budget: this worker, another at the moment, nobody since it is gone and was full. */
export const TOLD_HERE: i32 = 0;
export const TOLD_BY_OTHER: i32 = 1;
export const TOLD_NEVER: i32 = 2;

const table: usize = memory.data(768, 8); // ROWS * ROW
const BYTES: u32 = u32(ROWS * ROW);

/** How the budgets stand that were spent or told of last: debts, and for the telling what is untold; microseconds. */
export let requestDebt: f64 = 0;
export let tokenDebt: f64 = 0;
export let untoldRequests: f64 = 0;
export let untoldTokens: f64 = 0;
/** Microseconds after which both budgets have what was asked of them; 0: they had, and it was taken. */
export let wait: f64 = 0;
/** Whether it is for tokens that one has to wait. */
export let waitsForTokens: bool = false;

@final
export class Budgets {
  private key: Text;
  private cas: u32 = 0;

  constructor(cluster: Text, authority: Text) {
    this.key = frameKey(cluster, authority, "budgets/", 0);
  }

  /** Takes from both budgets of a key, microseconds each, where both have it; a cost of 0 needs nothing. See `wait`. */
  spend(key: u64, requests: f64, tokens: f64, burst: f64, now: f64): void {
    for (let attempt: u32 = 0; attempt < ATTEMPTS; attempt++) {
      this.read(key);
      const row = rowFor(table, key);
      const forRequests = requests > 0 ? waitFor(row, REQUESTS, requests, burst, now) : 0;
      const forTokens = tokens > 0 ? waitFor(row, TOKENS, tokens, burst, now) : 0;
      wait = max(forRequests, forTokens);
      waitsForTokens = forTokens > forRequests;
      if (wait == 0) {
        take(row, REQUESTS, requests, now);
        take(row, TOKENS, tokens, now);
      }
      tellDebts(row, now);
      if (wait > 0 || this.write(attempt)) return;
    }
  }

  /** Takes from both budgets, or gives back where a cost is below 0, whatever they have. */
  correct(key: u64, requests: f64, tokens: f64, now: f64): void {
    for (let attempt: u32 = 0; attempt < ATTEMPTS; attempt++) {
      this.read(key);
      // A row that is gone was full; there is nothing to be given back to.
      if (requests <= 0 && tokens <= 0 && findRow(table, key) == 0) return;
      const row = rowFor(table, key);
      take(row, REQUESTS, requests, now);
      take(row, TOKENS, tokens, now);
      if (this.write(attempt)) return;
    }
  }

  /** Begins to tell the sidecar of a key, if so of what the module's variables say then. Returns one of TOLD_*. */
  beginTelling(key: u64, now: f64): i32 {
    for (let attempt: u32 = 0; attempt < ATTEMPTS; attempt++) {
      this.read(key);
      const row = findRow(table, key);
      if (row == 0) return TOLD_NEVER;
      if (!beginTelling(row, now)) return TOLD_BY_OTHER;
      tellDebts(row, now);
      untoldRequests = untold(row, REQUESTS);
      untoldTokens = untold(row, TOKENS);
      if (this.write(attempt)) return TOLD_HERE;
    }
    return TOLD_BY_OTHER;
  }

  /**
   * The sidecar has been told so much in the telling that began at `since`, and says how the budgets stand over all
   * gateways.
   */
  confirm(key: u64, since: f64, requests: f64, tokens: f64, requestDebt: f64, tokenDebt: f64, now: f64): void {
    for (let attempt: u32 = 0; attempt < ATTEMPTS; attempt++) {
      this.read(key);
      const row = findRow(table, key);
      if (row == 0 || !isTelling(row, since)) return;
      confirm(row, REQUESTS, requests, requestDebt, now);
      confirm(row, TOKENS, tokens, tokenDebt, now);
      endTelling(row);
      if (this.write(attempt)) return;
    }
  }

  /** The sidecar could not be told in the telling that began at `since`. */
  failTelling(key: u64, since: f64): void {
    for (let attempt: u32 = 0; attempt < ATTEMPTS; attempt++) {
      this.read(key);
      const row = findRow(table, key);
      if (row == 0 || !isTelling(row, since)) return;
      endTelling(row);
      if (this.write(attempt)) return;
    }
  }

  // Reads the table that a key belongs to.
  private read(key: u64): void {
    renumber(this.key, key & (TABLES - 1));
    this.cas = 0;
    if (host.getShared(this.key) && host.resultLength == BYTES) {
      this.cas = host.resultCas;
      memory.copy(table, host.resultAt, BYTES);
    } else {
      memory.fill(table, 0, BYTES);
    }
  }

  // Writes the table that was read. False: another worker has written since. The very first write of a table is not
  // guarded: the host has no such thing, and of two at the same moment one is lost.
  private write(attempt: u32): bool {
    return host.setShared(this.key, table, BYTES, attempt == ATTEMPTS - 1 ? 0 : this.cas);
  }
}

function tellDebts(row: usize, now: f64): void {
  requestDebt = debt(row, REQUESTS, now);
  tokenDebt = debt(row, TOKENS, now);
}
