// What this worker has taken from budgets of rate limits, on its way to the sidecar, which answers how they stand over
// all gateways. Only keys are kept here: what is to be told of them stands in shared data, and a budget is told by one
// worker at a time. Nothing waits for it: until there is an answer, and without one, this Envoy's own budgets hold.

import {
  ACCEPTED, BUDGET_BYTES, BUDGET_KEY, BUDGET_REQUEST_DEBT, BUDGET_TOKEN_DEBT, BUDGETS_BYTES, BUDGETS_ROWS, KIND_BUDGETS,
  KIND_SPENT, MAX_SPENT, SPEND_BYTES, SPEND_KEY, SPEND_REQUEST_DEBT, SPEND_REQUESTS, SPEND_TOKEN_DEBT, SPEND_TOKENS,
  SPENT_BYTES, SPENT_ROWS,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { OnceAMinute } from "../abi/once-a-minute.ts";
import { BUFFER_GRPC_RECEIVE } from "../abi/values.ts";
import {
  Budgets, requestDebt, TOLD_BY_OTHER, TOLD_HERE, tokenDebt, untoldRequests, untoldTokens,
} from "../limits/budgets.ts";
import { takeBlock } from "../memory/blocks.ts";
import { count, SPENDING_FAILED } from "../metrics.ts";
import { Text, text } from "../text/text.ts";
import { checkHeader, frameKind, writeHeader } from "../wire/header.ts";
import { UnaryCall } from "./unary-call.ts";

const METHOD = text("Spend");

/** Microseconds between two calls, and until one that failed is tried again. */
const TOLD_EVERY: u64 = 100_000;
const RETRIED_AFTER: u64 = 1_000_000;

@final
export class Spending {
  readonly budgets: Budgets;
  private call: UnaryCall;
  /** Keys that are to be told of: u64 each, `due` of them, taken with the first. */
  private keys: usize = 0;
  private due: u32 = 0;
  /** The frame of the call under way; its rows say what has been told. */
  private frame: usize = 0;
  private nextCall: u64 = 0;
  private warning: OnceAMinute = new OnceAMinute();

  constructor(cluster: Text, authority: Text) {
    this.budgets = new Budgets(cluster, authority);
    this.call = new UnaryCall(cluster, authority, METHOD);
  }

  /**
   * Something was taken from this key's budgets or given back, or was not to be had. Where there is no room for it, the
   * next request of that client notes it.
   */
  note(key: u64): void {
    if (this.keys == 0) {
      this.keys = takeBlock(usize(MAX_SPENT) * 8);
      this.frame = takeBlock(usize(SPENT_BYTES) + usize(MAX_SPENT) * SPEND_BYTES);
    }
    for (let i: u32 = 0; i < this.due; i++) {
      if (load<u64>(this.keys + (usize(i) << 3)) == key) return;
    }
    if (this.due < u32(MAX_SPENT)) store<u64>(this.keys + (usize(this.due++) << 3), key);
  }

  /** Sends what is due; `id` is the root in whose context this runs. */
  tick(id: u32, now: u64): void {
    if (this.call.isOverdue(now)) this.lost(now);
    if (this.call.waits || this.due == 0 || now < this.nextCall) return;
    const rows = this.fill(now);
    if (rows == 0) return;
    const length = u32(SPENT_BYTES) + rows * u32(SPEND_BYTES);
    writeHeader(this.frame, KIND_SPENT, length);
    store<u32>(this.frame, rows, SPENT_ROWS);
    store<u32>(this.frame, 0, SPENT_ROWS + 4);
    this.nextCall = now + TOLD_EVERY;
    if (!this.call.make(id, this.frame, length, now)) this.lost(now);
  }

  /** Whether a token is that of the call under way. */
  owns(id: u32, token: u32): bool {
    return this.call.owns(id, token);
  }

  /** The answer waits in the host's receive buffer. */
  arrived(length: u32, now: u64): void {
    if (!host.getBuffer(BUFFER_GRPC_RECEIVE, 0, length) || !this.answers(host.resultAt, host.resultLength)) {
      this.lost(now);
      return;
    }
    const frame = host.resultAt;
    this.call.end();
    const rows = load<u32>(this.frame, SPENT_ROWS);
    for (let i: u32 = 0; i < rows; i++) {
      const told = this.row(i);
      const row = frame + usize(BUDGETS_BYTES) + usize(i) * BUDGET_BYTES;
      this.budgets.confirm(
        load<u64>(told, SPEND_KEY), f64(this.call.at), load<f64>(told, SPEND_REQUESTS),
        load<f64>(told, SPEND_TOKENS), load<f64>(row, BUDGET_REQUEST_DEBT), load<f64>(row, BUDGET_TOKEN_DEBT), f64(now),
      );
    }
  }

  /** The call has failed, or nobody will ever hear of it: what it told is to be told again. */
  lost(now: u64): void {
    this.nextCall = now + RETRIED_AFTER;
    this.forget();
    count(SPENDING_FAILED);
    if (!this.warning.due(now)) return;
    host.logWarn(
      host.logLine().add("rate limits hold in this gateway alone: the sidecar does not say what others have used"),
    );
  }

  /** A root goes, and with it what it called: that may be told again at once. */
  leave(id: u32): void {
    if (this.call.isOf(id)) this.forget();
  }

  // Nothing will be heard of the call under way.
  private forget(): void {
    this.call.end();
    const rows = load<u32>(this.frame, SPENT_ROWS);
    for (let i: u32 = 0; i < rows; i++) {
      const key = load<u64>(this.row(i), SPEND_KEY);
      this.budgets.failTelling(key, f64(this.call.at));
      this.note(key);
    }
  }

  // Puts rows of what is due into the frame; keys that another worker tells of stay due. Returns how many rows.
  private fill(now: u64): u32 {
    let rows: u32 = 0;
    let kept: u32 = 0;
    for (let i: u32 = 0; i < this.due; i++) {
      const key = load<u64>(this.keys + (usize(i) << 3));
      const teller = this.budgets.beginTelling(key, f64(now));
      if (teller == TOLD_BY_OTHER) store<u64>(this.keys + (usize(kept++) << 3), key);
      if (teller != TOLD_HERE) continue;
      const row = this.row(rows++);
      store<u64>(row, key, SPEND_KEY);
      store<f64>(row, untoldRequests, SPEND_REQUESTS);
      store<f64>(row, untoldTokens, SPEND_TOKENS);
      store<f64>(row, max<f64>(requestDebt - untoldRequests, 0), SPEND_REQUEST_DEBT);
      store<f64>(row, max<f64>(tokenDebt - untoldTokens, 0), SPEND_TOKEN_DEBT);
    }
    this.due = kept;
    return rows;
  }

  @inline
  private row(index: u32): usize {
    return this.frame + usize(SPENT_BYTES) + usize(index) * SPEND_BYTES;
  }

  // Whether these bytes are an answer to the call under way.
  private answers(frame: usize, length: u32): bool {
    if (checkHeader(frame, length) != ACCEPTED || frameKind(frame) != u32(KIND_BUDGETS)) return false;
    const rows = load<u32>(this.frame, SPENT_ROWS);
    if (length != u32(BUDGETS_BYTES) + rows * u32(BUDGET_BYTES) || load<u32>(frame, BUDGETS_ROWS) != rows) return false;
    for (let i: u32 = 0; i < rows; i++) {
      const row = frame + usize(BUDGETS_BYTES) + usize(i) * BUDGET_BYTES;
      if (load<u64>(row, BUDGET_KEY) != load<u64>(this.row(i), SPEND_KEY)) return false;
      if (!isDebt(load<f64>(row, BUDGET_REQUEST_DEBT)) || !isDebt(load<f64>(row, BUDGET_TOKEN_DEBT))) return false;
    }
    return true;
  }
}

@inline
function isDebt(value: f64): bool {
  return isFinite(value) && value >= 0;
}
