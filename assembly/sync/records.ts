import {
  JOURNAL_BYTES, JOURNAL_FIRST, JOURNAL_OWNER, JOURNAL_RECORDS, KIND_JOURNAL, MAX_JOURNAL_BYTES,
} from "../../wire/layout.ts";
import { takeBlock } from "../memory/blocks.ts";
import { writeHeader } from "../wire/header.ts";
import { nextRecord, recordBytes, recordValues, writeRecord } from "../wire/journal.ts";

/** Bytes of records: with its header, a frame of all of them is not too long. */
const CAPACITY: u32 = u32(MAX_JOURNAL_BYTES) - u32(JOURNAL_BYTES);
/** When the end is reached, the oldest go until so much is free: the rest is moved once per so many bytes. */
const MADE_FREE: u32 = CAPACITY / 4;
/** Records are kept for one to two of these, in microseconds: readers that tick late still find them. */
const PERIOD: u64 = 150_000;
/** Records older than the last frame are kept up to so many bytes: readers copy the whole frame. */
const KEPT_BYTES: u32 = 65_536;

let frame: usize = 0; // where frames are put together; one for all

/** The last records of one sequence, oldest first. What no longer fits, or has been kept long enough, is forgotten. */
@final
export class Records {
  /** Sequence of the first record that is still here, and of the one that comes next. */
  first: u64 = 0;
  next: u64 = 0;
  private at: usize = 0; // the records' block, taken with the first record
  private start: u32 = 0; // where in it the first record stands
  private end: u32 = 0;
  /** Sequence with which the present period began, and when that was. */
  private periodFirst: u64 = 0;
  private periodAt: u64 = 0;

  /** Adds a record and returns where it stands; the caller fills in its values, at most MAX_PROMPT_BLOCKS. */
  add(kind: i32, key: u64, values: u32): usize {
    const record = this.room(recordBytes(values));
    writeRecord(record, kind, key, values);
    return record;
  }

  /** Adds a copy of a record. */
  copy(record: usize): void {
    const bytes = recordBytes(recordValues(record));
    memory.copy(this.room(bytes), record, bytes);
  }

  /** Forgets all records; the sequence goes on. */
  clear(): void {
    this.start = 0;
    this.end = 0;
    this.first = this.next;
  }

  /** Where the first record with this sequence or a later one stands; endAt() where there is none. */
  since(sequence: u64): usize {
    let record = this.at + this.start;
    for (let i = this.first; i < sequence && i < this.next; i++) record = nextRecord(record);
    return record;
  }

  /** Where the last record ends. */
  endAt(): usize {
    return this.at + this.end;
  }

  /** Forgets records that have been kept long enough, but none with this sequence or a later one. */
  age(now: u64, unread: u64): void {
    if (now - this.periodAt >= PERIOD) {
      this.periodAt = now;
      while (this.first < min(this.periodFirst, unread)) this.dropFirst();
      this.periodFirst = this.next;
    }
    while (this.end - this.start > KEPT_BYTES && this.first < unread) this.dropFirst();
  }

  /**
   * Puts together the JOURNAL of the records from this sequence on. It stands at journalFrame() until the next call, of
   * whichever sequence. Returns its length.
   */
  frameSince(sequence: u64, owner: u64): u32 {
    if (frame == 0) frame = takeBlock(MAX_JOURNAL_BYTES);
    const from = this.since(sequence);
    const bytes = u32(this.endAt() - from);
    const length = u32(JOURNAL_BYTES) + bytes;
    const first = min(max(sequence, this.first), this.next);
    writeHeader(frame, KIND_JOURNAL, length);
    store<u64>(frame, owner, JOURNAL_OWNER);
    store<u64>(frame, first, JOURNAL_FIRST);
    store<u32>(frame, u32(this.next - first), JOURNAL_RECORDS);
    store<u32>(frame, 0, JOURNAL_RECORDS + 4);
    memory.copy(frame + JOURNAL_BYTES, from, bytes);
    return length;
  }

  private room(bytes: u32): usize {
    if (this.at == 0) this.at = takeBlock(CAPACITY);
    if (this.end + bytes > CAPACITY) {
      const needed = max(bytes, MADE_FREE);
      while (this.end - this.start + needed > CAPACITY) this.dropFirst();
      memory.copy(this.at, this.at + this.start, this.end - this.start);
      this.end -= this.start;
      this.start = 0;
    }
    const record = this.at + this.end;
    this.end += bytes;
    this.next++;
    return record;
  }

  private dropFirst(): void {
    this.start = u32(nextRecord(this.at + this.start) - this.at);
    this.first++;
  }
}

/** Where the frame stands that frameSince has put together last. */
@inline
export function journalFrame(): usize {
  return frame;
}
