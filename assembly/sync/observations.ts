// What became of requests, how many run and how many wait, on its way to one sidecar. Records gather in a buffer of
// 64 KiB, which is the frame itself, and go in unary calls of this worker's own: one at a time, and nobody waits for
// it. What finds no room is dropped and counted, and so is what a failed call carried; nothing is sent twice.

import {
  KIND_OBSERVED, MAX_OBSERVED_BYTES, MAX_OBSERVED_MODELS, MAX_RUNNING, MAX_TRACED_BYTES, MAX_WAITING, MODEL_BYTES,
  MODEL_HASH, MODEL_LENGTH, MODEL_OFFSET, OBSERVATION_BYTES, OBSERVATION_NO_MODEL, OBSERVATION_OTHER_MODEL,
  OBSERVED_BYTES, OBSERVED_MODELS, OBSERVED_RECORDS, OBSERVED_RUNNING, OBSERVED_STRINGS, OBSERVED_TRACED,
  OBSERVED_TRACED_BYTES, OBSERVED_WAITING, OBSERVED_WORKER, RUNNING_BYTES, RUNNING_MODEL, RUNNING_POOL,
  RUNNING_REQUESTS, TRACED_BYTES, TRACED_RECORD, WAITING_BYTES,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { changes } from "../admission/queue.ts";
import { anyWaits, writeWaits } from "../admission/waits.ts";
import { takeBlock } from "../memory/blocks.ts";
import { countMany, OBSERVATIONS_DROPPED, TRACES_DROPPED } from "../metrics.ts";
import { Text, text } from "../text/text.ts";
import { writeHeader } from "../wire/header.ts";
import { Running, runningName } from "./running.ts";
import { UnaryCall } from "./unary-call.ts";

const METHOD = text("Observe");

/** Microseconds between two calls, unless the buffer is half full before. */
const SENT_EVERY: u64 = 250_000;
/** Microseconds after which it is said again what runs and what waits. */
const SAID_EVERY: u64 = 2_000_000;

const TABLE: usize = usize(MAX_OBSERVED_MODELS) * usize(MODEL_BYTES);
/** Bytes of all rows of what runs and what waits. */
const ROWS: usize = usize(MAX_RUNNING) * usize(RUNNING_BYTES) + usize(MAX_WAITING) * usize(WAITING_BYTES);
/** Bytes of models' names that a batch has room for. */
const NAMES: usize = 16384;
/** Of models and their names, what records may take: the rest is for requests that run. */
const RECORDED_MODELS: u32 = u32(MAX_OBSERVED_MODELS) - u32(MAX_RUNNING);
const RECORDED_NAMES: usize = NAMES / 2;
/** Records that a batch has room for, beside the greatest tables and all names. */
export const MOST_RECORDS: u32 =
  (u32(MAX_OBSERVED_BYTES) - u32(OBSERVED_BYTES) - u32(ROWS) - u32(TABLE) - u32(NAMES)) / u32(OBSERVATION_BYTES);

@final
export class Observations {
  /** What this worker has with endpoints. */
  readonly running: Running = new Running();
  /** Address of the sidecar's Store. */
  store: usize = 0;
  /** How queues stood when they were told last: `changes`, and whether anyone waited. */
  private queuesAt: u32 = 0;
  private waited: bool = false;
  private worker: u64 = host.random();
  private call: UnaryCall;
  private frame: usize = takeBlock(usize(MAX_OBSERVED_BYTES));
  /** The models of the batch, in the wire's form, and right behind them their names. */
  private table: usize = takeBlock(TABLE + NAMES);
  private records: u32 = 0;
  private models: u32 = 0;
  private names: u32 = 0;
  /** What is told of traced requests, in the wire's form: MAX_TRACED_BYTES from the first one on, 0 before. */
  private traces: usize = 0;
  private traced: u32 = 0;
  private tracedBytes: u32 = 0;
  /** Records and traced requests that the last call carried. */
  private carried: u32 = 0;
  private carriedTraced: u32 = 0;

  constructor(cluster: Text, authority: Text) {
    this.call = new UnaryCall(cluster, authority, METHOD);
  }

  /** A zeroed record at the batch's end; 0 where there is no room, which counts as dropped. */
  add(): usize {
    if (this.records == MOST_RECORDS) {
      countMany(OBSERVATIONS_DROPPED, 1);
      return 0;
    }
    const record = this.frame + usize(OBSERVED_BYTES) + usize(this.records++) * usize(OBSERVATION_BYTES);
    memory.fill(record, 0, usize(OBSERVATION_BYTES));
    return record;
  }

  /**
   * A zeroed row for the request whose record was added last, which is traced, with room for so many bytes of texts
   * behind it; 0 where there is none, which counts as dropped.
   */
  addTraced(texts: u32): usize {
    const bytes = u32(TRACED_BYTES) + texts;
    if (this.tracedBytes + bytes > u32(MAX_TRACED_BYTES)) {
      countMany(TRACES_DROPPED, 1);
      return 0;
    }
    if (this.traces == 0) this.traces = takeBlock(usize(MAX_TRACED_BYTES));
    const row = this.traces + this.tracedBytes;
    memory.fill(row, 0, usize(TRACED_BYTES));
    store<u32>(row, this.records - 1, TRACED_RECORD);
    this.tracedBytes += bytes;
    this.traced++;
    return row;
  }

  /** The index in this batch of a model by hash and name; hash 0: of none. */
  model(hash: u64, name: usize, length: u32): u16 {
    return hash == 0 ? u16(OBSERVATION_NO_MODEL) : this.intern(hash, name, length, RECORDED_MODELS, RECORDED_NAMES);
  }

  private intern(hash: u64, name: usize, length: u32, mostModels: u32, mostNames: usize): u16 {
    for (let i: u32 = 0; i < this.models; i++) {
      if (load<u64>(this.table + usize(i) * usize(MODEL_BYTES), MODEL_HASH) == hash) return u16(i);
    }
    if (this.models >= mostModels || usize(this.names + length) > mostNames) return u16(OBSERVATION_OTHER_MODEL);
    const row = this.table + usize(this.models) * usize(MODEL_BYTES);
    store<u64>(row, hash, MODEL_HASH);
    store<u32>(row, this.names, MODEL_OFFSET);
    store<u32>(row, length, MODEL_LENGTH);
    memory.copy(this.table + TABLE + this.names, name, length);
    this.names += length;
    return u16(this.models++);
  }

  /** Sends what is due; `id` is the root in whose context this runs. */
  tick(id: u32, now: u64): void {
    if (this.call.isOverdue(now)) this.lost();
    if (this.call.waits || !this.isDue(now - this.call.at)) return;
    const length = this.close(now);
    this.carried = this.records;
    this.carriedTraced = this.traced;
    if (!this.call.make(id, this.frame, length, now)) this.lost();
    this.records = 0;
    this.models = 0;
    this.names = 0;
    this.traced = 0;
    this.tracedBytes = 0;
  }

  // Whether there is something to tell, so many microseconds after the last call.
  private isDue(since: u64): bool {
    if (since < SENT_EVERY) {
      return this.records >= MOST_RECORDS / 2 || this.tracedBytes >= u32(MAX_TRACED_BYTES) / 2;
    }
    if (this.records > 0 || this.running.changed()) return true;
    const waits = anyWaits(this.store);
    if ((waits || this.waited) && this.queuesAt != changes) return true;
    return since >= SAID_EVERY && (waits || this.running.any());
  }

  /** Whether a token is that of the call under way. */
  owns(id: u32, token: u32): bool {
    return this.call.owns(id, token);
  }

  /** The sidecar has the batch. */
  arrived(): void {
    this.call.end();
  }

  /** The call has failed, or nobody will ever hear of it. */
  lost(): void {
    countMany(OBSERVATIONS_DROPPED, this.carried);
    countMany(TRACES_DROPPED, this.carriedTraced);
    this.call.end();
  }

  /** A root goes, and with it what it called: whether that still arrives, nobody hears. */
  leave(id: u32): void {
    if (this.call.isOf(id)) this.lost();
  }

  // Makes a frame of what has gathered; returns its bytes.
  private close(now: u64): u32 {
    const runningAt = usize(OBSERVED_BYTES) + usize(this.records) * usize(OBSERVATION_BYTES);
    const waitingAt = this.addRunning(runningAt);
    const tableAt = writeWaits(this.store, this.frame + waitingAt, now) - this.frame;
    this.waited = tableAt != waitingAt;
    this.queuesAt = changes;
    const namesAt = tableAt + usize(this.models) * usize(MODEL_BYTES);
    memory.copy(this.frame + tableAt, this.table, namesAt - tableAt);
    memory.copy(this.frame + namesAt, this.table + TABLE, this.names);
    const tracedAt = u32(namesAt) + this.names;
    this.fitTraced(u32(MAX_OBSERVED_BYTES) - tracedAt);
    memory.copy(this.frame + tracedAt, this.traces, this.tracedBytes);
    const length = tracedAt + this.tracedBytes;
    writeHeader(this.frame, KIND_OBSERVED, length);
    store<u32>(this.frame, this.records, OBSERVED_RECORDS);
    store<u32>(this.frame, this.models, OBSERVED_MODELS);
    store<u32>(this.frame, this.names, OBSERVED_STRINGS);
    store<u32>(this.frame, u32(waitingAt - runningAt) / u32(RUNNING_BYTES), OBSERVED_RUNNING);
    store<u32>(this.frame, u32(tableAt - waitingAt) / u32(WAITING_BYTES), OBSERVED_WAITING);
    store<u64>(this.frame, this.worker, OBSERVED_WORKER);
    store<u32>(this.frame, this.traced, OBSERVED_TRACED);
    store<u32>(this.frame, this.tracedBytes, OBSERVED_TRACED_BYTES);
    return length;
  }

  // Traced requests take the room that all else has left; where it is too little for them, the batch goes without.
  private fitTraced(room: u32): void {
    if (this.tracedBytes <= room) return;
    countMany(TRACES_DROPPED, this.traced);
    this.traced = 0;
    this.tracedBytes = 0;
  }

  // Writes what runs from `at` in the frame on; returns where it ends.
  private addRunning(at: usize): usize {
    const running = this.running;
    for (let i: u32 = 0; i < running.used; i++) {
      const row = running.row(i);
      row.told = row.requests;
      if (row.requests == 0) continue;
      const written = this.frame + at;
      let model = u16(OBSERVATION_OTHER_MODEL);
      if (row.model != 0) model = this.intern(row.model, runningName(row), row.length, u32(MAX_OBSERVED_MODELS), NAMES);
      memory.fill(written, 0, usize(RUNNING_BYTES));
      store<u64>(written, row.pool, RUNNING_POOL);
      store<u32>(written, row.requests, RUNNING_REQUESTS);
      store<u16>(written, model, RUNNING_MODEL);
      at += usize(RUNNING_BYTES);
    }
    return at;
  }
}
