// A JOURNAL and its records, read where they stand. A record: u16 kind, u16 values, u32 0, u64 endpoint key, values.

import {
  ACCEPTED, JOURNAL_BYTES, JOURNAL_FIRST, JOURNAL_OWNER, JOURNAL_RECORDS, MAX_JOURNAL_BYTES, RECORD_BYTES, RECORD_HELD,
  RECORD_KEY, RECORD_KIND, RECORD_LOST, RECORD_TPOT, RECORD_TTFT, RECORD_VALUES, REFUSED_LENGTH, REFUSED_VALUE,
} from "../../wire/layout.ts";

/** How many values a RECORD_TTFT and a RECORD_TPOT have. */
export const TTFT_VALUES: u32 = 6;
export const TPOT_VALUES: u32 = 4;

/** Checks a JOURNAL behind its header. Returns ACCEPTED or the reason it is refused. */
export function checkJournal(frame: usize, length: u32): i32 {
  if (length < u32(JOURNAL_BYTES) || length > u32(MAX_JOURNAL_BYTES)) return REFUSED_LENGTH;
  const records = journalRecords(frame);
  const end = frame + length;
  let record = firstRecord(frame);
  for (let i: u32 = 0; i < records; i++) {
    // Sums in 64 bits: nothing wraps, however high in memory the frame stands.
    if (u64(record) + RECORD_BYTES > u64(end)) return REFUSED_LENGTH;
    if (u64(record) + recordBytes(recordValues(record)) > u64(end)) return REFUSED_LENGTH;
    if (!checkRecord(record)) return REFUSED_VALUE;
    record = nextRecord(record);
  }
  return record == end ? ACCEPTED : REFUSED_LENGTH;
}

/** Checks a JOURNAL from the sidecar behind its header: it tells of all other gateways, so it names no owner. */
export function checkJournalDown(frame: usize, length: u32): i32 {
  const refused = checkJournal(frame, length);
  return refused != ACCEPTED || journalOwner(frame) == 0 ? refused : REFUSED_VALUE;
}

function checkRecord(record: usize): bool {
  switch (recordKind(record)) {
    case RECORD_HELD:
    case RECORD_LOST:
      return true;
    case RECORD_TTFT:
      return hasNumbers(record, TTFT_VALUES);
    case RECORD_TPOT:
      return hasNumbers(record, TPOT_VALUES);
    default:
      return false;
  }
}

function hasNumbers(record: usize, count: u32): bool {
  if (recordValues(record) != count) return false;
  for (let i: u32 = 0; i < count; i++) {
    if (!isFinite(recordValueAt<f64>(record, i))) return false;
  }
  return true;
}

@inline
export function journalOwner(frame: usize): u64 {
  return load<u64>(frame, JOURNAL_OWNER);
}

/** Sequence of the first record. */
@inline
export function journalFirst(frame: usize): u64 {
  return load<u64>(frame, JOURNAL_FIRST);
}

@inline
export function journalRecords(frame: usize): u32 {
  return load<u32>(frame, JOURNAL_RECORDS);
}

/** Where the first record stands, if there is one; nextRecord leads on. */
@inline
export function firstRecord(frame: usize): usize {
  return frame + JOURNAL_BYTES;
}

/** Where the record behind this one stands, if there is one. */
@inline
export function nextRecord(record: usize): usize {
  return record + usize(recordBytes(recordValues(record)));
}

/** Bytes of a record with so many values. */
@inline
export function recordBytes(values: u32): u32 {
  return u32(RECORD_BYTES) + (values << 3);
}

/** One of RECORD_HELD, RECORD_LOST, RECORD_TTFT, RECORD_TPOT. */
@inline
export function recordKind(record: usize): u32 {
  return load<u16>(record, RECORD_KIND);
}

/** Key of the endpoint that the record is about. */
@inline
export function recordKey(record: usize): u64 {
  return load<u64>(record, RECORD_KEY);
}

/** How many values the record has. */
@inline
export function recordValues(record: usize): u32 {
  return load<u16>(record, RECORD_VALUES);
}

/** A value, as the u64 or f64 that the record's kind has there; `index` is below recordValues. */
@inline
export function recordValueAt<T>(record: usize, index: u32): T {
  return load<T>(record + RECORD_BYTES + (usize(index) << 3));
}

/** Writes a record's head; its values follow behind. */
export function writeRecord(record: usize, kind: i32, key: u64, values: u32): void {
  store<u16>(record, u16(kind), RECORD_KIND);
  store<u16>(record, u16(values), RECORD_VALUES);
  store<u32>(record, 0, RECORD_VALUES + 2);
  store<u64>(record, key, RECORD_KEY);
}
