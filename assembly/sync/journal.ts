// What workers learn from requests and answers, told to the other workers and, through the sidecar, to other gateways.
// Each worker keeps the journal of its last records in shared data; FLIGHT_JOURNAL of its vector says how far it has
// come. Records are hints: what was missed is not asked for again.

import {
  ACCEPTED, KIND_JOURNAL, MAX_PROMPT_BLOCKS, RECORD_BYTES, RECORD_HELD, RECORD_LOST, RECORD_TPOT, RECORD_TTFT,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { countMany, RECORDS_LOST } from "../metrics.ts";
import { learn } from "../state/learned.ts";
import { Text } from "../text/text.ts";
import { checkHeader, frameKind } from "../wire/header.ts";
import {
  checkJournal, firstRecord, journalFirst, journalOwner, journalRecords, nextRecord, TPOT_VALUES, TTFT_VALUES,
} from "../wire/journal.ts";
import { journalKey, renumber } from "./keys.ts";
import { journalFrame, Records } from "./records.ts";

const OWN_KEY = journalKey(0);
const OTHER_KEY = journalKey(0);

/** What this worker has learned. */
const own = new Records();
/** What this Envoy's workers have learned, while this worker holds a stream: it goes up. */
export const outgoing = new Records();

let published: u64 = 0; // sequence up to which own records are in shared data
let collected: u64 = 0; // and up to which they are in `outgoing`

/** The endpoint with that key now holds prompt blocks: `count` u64 at `hashes`, the prompt's first block first. */
export function noteHeld(endpointKey: u64, hashes: usize, count: u32): void {
  noteBlocks(RECORD_HELD, endpointKey, hashes, count);
}

/** The endpoint with that key turned out not to hold prompt blocks. */
export function noteLost(endpointKey: u64, hashes: usize, count: u32): void {
  noteBlocks(RECORD_LOST, endpointKey, hashes, count);
}

/**
 * A first token came `ms` milliseconds after the request was sent to an endpoint that had `ahead` uncached prompt
 * tokens to work on before its `uncached` ones, and so many requests waiting and running; `usage` of its KV cache,
 * 0..1.
 */
export function noteTtft(
  endpointKey: u64,
  uncached: f64,
  ahead: f64,
  waiting: f64,
  running: f64,
  usage: f64,
  ms: f64,
): void {
  const record = own.add(RECORD_TTFT, endpointKey, TTFT_VALUES);
  store<f64>(record, uncached, RECORD_BYTES);
  store<f64>(record, ahead, RECORD_BYTES + 8);
  store<f64>(record, waiting, RECORD_BYTES + 16);
  store<f64>(record, running, RECORD_BYTES + 24);
  store<f64>(record, usage, RECORD_BYTES + 32);
  store<f64>(record, ms, RECORD_BYTES + 40);
}

/** Output tokens of a request came `ms` milliseconds apart, from an endpoint that had `tokens` tokens in flight. */
export function noteTpot(endpointKey: u64, running: f64, usage: f64, tokens: f64, ms: f64): void {
  const record = own.add(RECORD_TPOT, endpointKey, TPOT_VALUES);
  store<f64>(record, running, RECORD_BYTES);
  store<f64>(record, usage, RECORD_BYTES + 8);
  store<f64>(record, tokens, RECORD_BYTES + 16);
  store<f64>(record, ms, RECORD_BYTES + 24);
}

// A prompt has no more blocks than that; of what may come otherwise, the first are the ones that many prompts share.
function noteBlocks(kind: i32, endpointKey: u64, hashes: usize, count: u32): void {
  if (count == 0) return;
  const blocks = min(count, u32(MAX_PROMPT_BLOCKS));
  const record = own.add(kind, endpointKey, blocks);
  memory.copy(record + RECORD_BYTES, hashes, usize(blocks) << 3);
}

/** Sequence of the record that this worker writes next. */
export function journalNext(): u64 {
  return own.next;
}

/** Publishes this worker's journal where it has new records. `self` is its owner number, not 0. */
export function publishJournal(self: u64, now: u64): void {
  own.age(now, published);
  if (own.next == published) return;
  if (own.first > published) countMany(RECORDS_LOST, own.first - published);
  renumber(OWN_KEY, self);
  const length = own.frameSince(own.first, self);
  host.setShared(OWN_KEY, journalFrame(), length);
  published = own.next;
}

/** Puts this worker's new records among those that go up, where `sending`; otherwise they go nowhere. */
export function collectOwn(now: u64, sending: bool): void {
  outgoing.age(now, outgoing.next);
  if (sending) {
    const end = own.endAt();
    for (let record = own.since(collected); record < end; record = nextRecord(record)) outgoing.copy(record);
  }
  collected = own.next;
}

/**
 * Takes up the records of another worker's journal from sequence `cursor` on, and puts them among those that go up
 * where `sending`. `next` is what its vector announces. Returns the cursor for the next time.
 */
export function readJournal(owner: u64, cursor: u64, next: u64, sending: bool): u64 {
  renumber(OTHER_KEY, owner);
  return takeUp(OTHER_KEY, owner, cursor, next, sending);
}

/** The same of the journal under a key. */
export function takeUp(key: Text, owner: u64, cursor: u64, next: u64, sending: bool): u64 {
  const found =
    host.getShared(key) && checkHeader(host.resultAt, host.resultLength) == ACCEPTED &&
    frameKind(host.resultAt) == u32(KIND_JOURNAL) && checkJournal(host.resultAt, host.resultLength) == ACCEPTED &&
    journalOwner(host.resultAt) == owner;
  if (!found) return next; // damaged, or of an owner that another has followed: not read again before it moves
  const first = journalFirst(host.resultAt);
  const end = first + journalRecords(host.resultAt);
  if (cursor != 0 && first > cursor) countMany(RECORDS_LOST, first - cursor);
  let record = firstRecord(host.resultAt);
  for (let sequence = first; sequence < end; sequence++) {
    if (sequence >= cursor) {
      learn(record);
      if (sending) outgoing.copy(record);
    }
    record = nextRecord(record);
  }
  return max(end, next);
}

/** Empties the journal of a worker that is no more. */
export function emptyJournal(owner: u64): void {
  renumber(OTHER_KEY, owner);
  if (host.getShared(OTHER_KEY) && host.resultLength != 0) host.setShared(OTHER_KEY, 0, 0);
}
