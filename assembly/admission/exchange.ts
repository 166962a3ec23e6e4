// How workers hear of each other's queues. Each writes a digest of its own (digest.ts) and reads the others'; a mark in
// shared data says whether anybody waits anywhere, so that nobody reads digests for nothing. On ticks all of this goes
// on by itself; while somebody waits, whoever has to decide asks anew, but not more than once in a millisecond.

import * as host from "../abi/host.ts";
import { ownerAt, ownerCount, ownNumber, publishFlight, recountOthers, takeNumber } from "../sync/flight.ts";
import { ownToken, sendGrant } from "../sync/grants.ts";
import { renumber, sharedKey, waitingKey } from "../sync/keys.ts";
import { DIGEST_AT, DIGEST_HEARD, DIGEST_LENGTH, isDigest, writeDigest } from "./digest.ts";
import { addElsewhere, emptyRow, forgetOthers, HEARS, LIVES, Row, takeOne, waitingElsewhere } from "./elsewhere.ts";
import { isDeaf, kept, losePromises, promise } from "./promises.ts";
import { changes, firstQueue, noteChange, Queue, waitingTotal } from "./queue.ts";

/** Microseconds between two tellings, and two hearings, while somebody waits. */
const SOON: u64 = 1_000;
/** Microseconds after which a worker tells the same again: one in which somebody waits, and others. */
const REPEATED: u64 = 20_000;
const OTHERWISE: u64 = 100_000;
/** Microseconds for which a mark counts, and what waits by a digest. */
const MARKED_FOR: u64 = 60_000;
const DEAD_AFTER: u64 = 300_000;

const OWN_KEY = waitingKey(0);
const OTHER_KEY = waitingKey(0);
const MARK_KEY = sharedKey("waits");
const mark: usize = memory.data(8, 8); // u64, microseconds at which somebody waited

const digests: usize = memory.data(2048, 4); // u32 addresses, by owner in their list; 0: none

let toldAt: u64 = 0;
let toldChanges: u32 = 0;
let heardAt: u64 = 0;
/** When the latest of the grants was given of which this worker has heard. */
let granted: u64 = 0;

/** Whether anybody waited in another worker, as of the last look. */
export let othersWait: bool = false;

/** How often the others have been heard. */
export let hearings: u32 = 0;

/** Requests that wait in all workers of the gateway. */
export function waitingAnywhere(): u32 {
  return waitingTotal + waitingElsewhere;
}

/** Looks whether anybody waits in another worker; one small read. */
export function lookForOthers(now: u64): bool {
  const marked = host.getShared(MARK_KEY) && host.resultLength == 8;
  othersWait = marked && isRecent(load<u64>(host.resultAt), now, MARKED_FOR);
  return othersWait;
}

/** Reads what the others have in flight and what waits there, unless that was done just now; `anyway`: even then. */
export function hear(now: u64, anyway: bool): void {
  if (!anyway && now - heardAt < SOON) return;
  hearings++;
  recountOthers(now);
  readDigests(now);
}

/** Tells the others what waits here and is in flight, unless that was done just now; `anyway`: even then. */
export function tell(now: u64, anyway: bool): void {
  if (changes == toldChanges || (!anyway && now - toldAt < SOON)) return;
  write(now);
}

/** A worker's grant has arrived that was given at a time. */
export function noteGrant(at: u64): void {
  granted = max(granted, at);
  noteChange();
}

/** Lets the first one of a row go on in its worker. */
export function grant(queue: Queue, row: Row, now: u64): void {
  if (!sendGrant(row.token, queue.key, now)) {
    emptyRow(row);
    return;
  }
  takeOne(row, now);
  promise(row.owner, queue, now);
  noteChange();
}

/** Whether it is this worker that gives free room away on ticks: of those in which anyone waits, one does. */
export function allots(queue: Queue): bool {
  return queue.requests != 0 && ownNumber() < queue.lowest;
}

/** Tells and hears what is due; once per tick. `leads`: this worker shows the figures of all. */
export function exchangeQueues(now: u64, leads: bool): void {
  if (firstQueue == 0 && !leads) return;
  hearings++; // what is in flight there has just been read
  losePromises(now);
  lookForOthers(now);
  const due = waitingTotal != 0 ? REPEATED : OTHERWISE;
  const silent = now - toldAt;
  const somebody = waitingTotal != 0 || othersWait;
  if (changes != toldChanges ? somebody || silent >= due : somebody && silent >= due) write(now);
  if (othersWait) readDigests(now);
  else forgetOthers();
}

function write(now: u64): void {
  renumber(OWN_KEY, takeNumber());
  publishFlight(now);
  const digest = writeDigest(now, granted, ownToken);
  host.setShared(OWN_KEY, digest, load<u32>(digest, DIGEST_LENGTH));
  if (waitingTotal != 0) {
    store<u64>(mark, now);
    host.setShared(MARK_KEY, mark, 8);
  }
  toldAt = now;
  toldChanges = changes;
}

/** When the latest of the grants was given of which a worker has heard; for addElsewhere(). */
export function heardBy(owner: u64): u64 {
  if (owner == ownNumber()) return granted;
  for (let i: u32 = 0; i < ownerCount(); i++) {
    if (ownerAt(i) == owner) return digestAt(i) == 0 ? 0 : load<u64>(digestAt(i), DIGEST_HEARD);
  }
  return 0;
}

@inline
function digestAt(index: u32): usize {
  return load<u32>(digests + (usize(index) << 2));
}

// All are read before any counts, since a promise is kept as soon as the one to whom it was given says so.
function readDigests(now: u64): void {
  heardAt = now;
  forgetOthers();
  const owners = ownerCount();
  for (let i: u32 = 0; i < owners; i++) store<u32>(digests + (usize(i) << 2), u32(readDigest(ownerAt(i))));
  for (let i: u32 = 0; i < owners; i++) {
    const digest = digestAt(i);
    if (digest == 0) continue;
    kept(ownerAt(i), load<u64>(digest, DIGEST_HEARD));
    const then = load<u64>(digest, DIGEST_AT);
    const flags = (isRecent(then, now, DEAD_AFTER) ? LIVES : 0) | (isDeaf(ownerAt(i), then) ? 0 : HEARS);
    addElsewhere(digest, ownerAt(i), flags, now);
  }
}

// Address of another worker's digest; 0: there is none.
function readDigest(owner: u64): usize {
  if (owner == ownNumber()) return 0;
  renumber(OTHER_KEY, owner);
  return host.getShared(OTHER_KEY) && isDigest(host.resultAt, host.resultLength) ? host.resultAt : 0;
}

// Clocks are read before values are, so that a time may be a little in the future.
@inline
function isRecent(then: u64, now: u64, most: u64): bool {
  return i64(now - then) <= i64(most) && i64(then - now) <= i64(most);
}
