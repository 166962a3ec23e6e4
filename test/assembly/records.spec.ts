import { journalFrame, Records } from "../../assembly/sync/records.ts";
import {
  checkJournal, firstRecord, journalFirst, journalOwner, journalRecords, nextRecord, recordKey, recordKind,
  recordValueAt, recordValues,
} from "../../assembly/wire/journal.ts";
import { ACCEPTED, MAX_JOURNAL_BYTES, RECORD_BYTES, RECORD_HELD } from "../../wire/layout.ts";

/** Adds a record that can be told by its key, with values that follow from it. */
function add(records: Records, key: u64, values: u32): void {
  const record = records.add(RECORD_HELD, key, values);
  for (let i: u32 = 0; i < values; i++) store<u64>(record + RECORD_BYTES + (usize(i) << 3), key * 31 + i);
}

/** Whether the frame from a sequence on is sound, and its records are those whose key is their sequence. */
function isSound(records: Records, sequence: u64): bool {
  const length = records.frameSince(sequence, 77);
  const frame = journalFrame();
  if (checkJournal(frame, length) != ACCEPTED || journalOwner(frame) != 77) return false;
  if (journalFirst(frame) != max(sequence, records.first)) return false;
  if (journalFirst(frame) + journalRecords(frame) != records.next) return false;
  let record = firstRecord(frame);
  for (let key = journalFirst(frame); key < records.next; key++) {
    if (recordKind(record) != u32(RECORD_HELD) || recordKey(record) != key) return false;
    const values = recordValues(record);
    for (let i: u32 = 0; i < values; i++) if (recordValueAt<u64>(record, i) != key * 31 + i) return false;
    record = nextRecord(record);
  }
  return true;
}

describe("records", () => {
  it("are framed from any sequence on", () => {
    const records = new Records();
    for (let key: u64 = 0; key < 10; key++) add(records, key, u32(key));
    for (let from: u64 = 0; from <= 10; from++) expect(isSound(records, from)).toBeTruthy(from.toString());
    expect(records.first).toBe(0);
    expect(records.next).toBe(10);
  });

  it("of which there are too many lose the oldest, and never more than must be", () => {
    const records = new Records();
    let state: u32 = 12345;
    for (let key: u64 = 0; key < 5000; key++) {
      state = state * 1664525 + 1013904223;
      add(records, key, (state >> 16) % 1000);
      if (key % 50 == 0) expect(isSound(records, 0)).toBeTruthy(key.toString());
    }
    const length = records.frameSince(0, 1);
    expect(length <= u32(MAX_JOURNAL_BYTES)).toBeTruthy();
    expect(length > u32(MAX_JOURNAL_BYTES) * 7 / 10).toBeTruthy("a quarter is made free at once, and no more");
  });

  it("as long as a journal may be take its whole room", () => {
    const records = new Records();
    add(records, 0, 5);
    const largest = (u32(MAX_JOURNAL_BYTES) - 56 - 16) / 8;
    add(records, 1, largest);
    expect(records.first).toBe(1);
    expect(isSound(records, 0)).toBeTruthy();
    add(records, 2, 1);
    expect(records.first).toBe(2);
    expect(isSound(records, 0)).toBeTruthy();
  });

  it("are forgotten after one to two periods, but not while they are unread", () => {
    const records = new Records();
    records.age(1_000_000, 0);
    add(records, 0, 1);
    records.age(1_149_999, 0);
    add(records, 1, 1);
    records.age(1_150_000, 2); // the second period begins
    expect(records.first).toBe(0);
    add(records, 2, 1);
    records.age(1_300_000, 1);
    expect(records.first).toBe(1, "the second is unread");
    records.age(1_450_000, 3);
    expect(records.first).toBe(3);
    expect(isSound(records, 0)).toBeTruthy();
  });

  it("that have been read are kept up to 64 KiB", () => {
    const records = new Records();
    records.age(1_000_000, 0);
    for (let key: u64 = 0; key < 20; key++) add(records, key, 1000); // 8,016 bytes each
    records.age(1_000_001, 0);
    expect(records.first).toBe(0, "none has been read");
    records.age(1_000_002, 20);
    expect(records.next - records.first).toBe(8);
    expect(isSound(records, 0)).toBeTruthy();
  });

  it("go on in sequence when they are cleared", () => {
    const records = new Records();
    add(records, 0, 1);
    add(records, 1, 1);
    records.clear();
    expect(records.first).toBe(2);
    expect(isSound(records, 0)).toBeTruthy();
    add(records, 2, 3);
    expect(isSound(records, 0)).toBeTruthy();
    expect(isSound(records, 3)).toBeTruthy();
  });

  it("are copied as they are", () => {
    const one = new Records();
    const two = new Records();
    for (let key: u64 = 0; key < 5; key++) add(one, key, u32(key) * 3);
    for (let record = one.since(0); record < one.endAt(); record = nextRecord(record)) two.copy(record);
    expect(two.next).toBe(5);
    expect(isSound(two, 0)).toBeTruthy();
  });
});
