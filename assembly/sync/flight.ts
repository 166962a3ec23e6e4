// Requests in flight, shared between workers. Each worker owns one vector (a FLIGHT frame) and writes it on its tick
// when it has changed, or once a second to show that it lives; on every tick it reads the others', and what the
// sidecars relay of other gateways. A vector has one writer, so nothing is ever lost to a race; one whose owner stopped
// beating no longer counts.
//
// The list of owners is the one value that several write: u64 each, guarded by CAS. Its very first write cannot be
// guarded; who gets lost there finds out on the next tick and registers again.

import {
  FLIGHT_BEAT_AT, FLIGHT_BYTES, FLIGHT_ENTRIES, FLIGHT_ENTRY_BYTES, FLIGHT_JOURNAL, FLIGHT_KEY, FLIGHT_OWNER,
  FLIGHT_PREFILL, FLIGHT_REQUESTS, FLIGHT_TOKENS, KIND_FLIGHT,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";
import * as slots from "../state/slots.ts";
import { flightEntries, flightEntry, isFlight } from "../wire/flight.ts";
import { writeHeader } from "../wire/header.ts";
import { cursorAt, keepCursors, moveCursor } from "./cursors.ts";
import { collectOwn, emptyJournal, journalNext, publishJournal, readJournal } from "./journal.ts";
import { ownerKey, renumber, sharedKey, waitingKey } from "./keys.ts";
import { RemoteReader } from "./remote.ts";
import { addToTotals, beginTotals, endTotals } from "./totals.ts";

const BEAT_EVERY: u64 = 1_000_000;
const DEAD_AFTER: u64 = 3_000_000;
export const MAX_OWNERS: u32 = 512;

const owners: usize = memory.data(4096, 8); // u64[MAX_OWNERS], the list as last read
const OWNERS_KEY = sharedKey("owners");
const OWN_KEY = ownerKey(0);
const OTHER_KEY = ownerKey(0);
const DIGEST_KEY = waitingKey(0);

let self: u64 = 0; // this worker's owner number; 0 until it has had a request
let known: u32 = 0; // owners in the list
let beatAt: u64 = 0;
let vector: usize = 0;
let vectorCapacity: usize = 0;
let announced: u64 = 0; // the journal's sequence in the vector as last written
let othersCounted: bool = false;
let leading: bool = false; // as of the last exchange
const remotes: RemoteReader[] = [];

/** Lets every exchange read what this sidecar relays of other gateways; at configure time. */
export function readRemote(reader: RemoteReader): void {
  remotes.push(reader);
}

/**
 * Publishes this worker's vector and journal, and reads the others'. `leads`: it holds a lease, so it adds up the
 * totals of all workers too, and gathers their records for the way up. A worker that neither leads nor has had a pool
 * to pick from has nothing to say and nothing to ask.
 */
export function exchangeFlights(now: u64, leads: bool): void {
  leading = leads;
  if (slots.slotCount() == 0 && !leads && self == 0) return;
  readOwners();
  if (slots.ownTotal != 0 || journalNext() != 0) takeNumber();
  if (self != 0) {
    // Published before it is listed: nobody finds a name without a vector, nor a vector without its journal.
    publishJournal(self, now);
    if (slots.changed || announced != journalNext() || now - beatAt >= BEAT_EVERY) publish(now);
    if (!isListed()) register(now);
  }
  collectOwn(now, leads);
  readOthers(now);
}

/** This worker's number; 0: it has none yet. */
export function ownNumber(): u64 {
  return self;
}

/** The same, made if need be. The next exchange makes it known. */
export function takeNumber(): u64 {
  while (self == 0) self = host.random();
  renumber(OWN_KEY, self);
  return self;
}

/** How many workers the list had when it was last read, and the number of each. */
export function ownerCount(): u32 {
  return known;
}

export function ownerAt(index: u32): u64 {
  return load<u64>(owners + (usize(index) << 3));
}

/** Publishes now what this worker has in flight, where that has changed. */
export function publishFlight(now: u64): void {
  if (self == 0 || !slots.changed) return;
  publishJournal(self, now);
  publish(now);
}

/** Reads anew what others have in flight, for slots that have been made since the last exchange. */
export function recountOthers(now: u64): void {
  readOwners();
  readOthers(now);
}

function readOwners(): void {
  known = 0;
  if (!host.getShared(OWNERS_KEY)) return;
  known = min(host.resultLength >> 3, MAX_OWNERS);
  memory.copy(owners, host.resultAt, known << 3);
}

function isListed(): bool {
  for (let i: u32 = 0; i < known; i++) {
    if (load<u64>(owners + (i << 3)) == self) return true;
  }
  return false;
}

// Adds this worker to the list, without those that have died. Against the CAS value of a fresh read; on a mismatch the
// next tick tries again.
function register(now: u64): void {
  const before = known;
  let living: u32 = 0;
  for (let i: u32 = 0; i < before; i++) {
    const owner = load<u64>(owners + (i << 3));
    if (readVector(owner, now)) store<u64>(owners + (living++ << 3), owner);
    else emptyOf(owner);
  }
  known = living;
  if (living >= MAX_OWNERS) return;
  const exists = host.getShared(OWNERS_KEY);
  if (exists && min(host.resultLength >> 3, MAX_OWNERS) != before) return;
  store<u64>(owners + (known++ << 3), self);
  host.setShared(OWNERS_KEY, owners, known << 3, exists ? host.resultCas : 0);
}

// Keys stay for ever, their values need not.
function emptyOf(owner: u64): void {
  if (host.getShared(OTHER_KEY)) host.setShared(OTHER_KEY, 0, 0);
  emptyJournal(owner);
  renumber(DIGEST_KEY, owner);
  if (host.getShared(DIGEST_KEY)) host.setShared(DIGEST_KEY, 0, 0);
}

function publish(now: u64): void {
  const most = usize(FLIGHT_BYTES) + usize(slots.slotCount()) * FLIGHT_ENTRY_BYTES;
  if (most > vectorCapacity) {
    giveBlock(vector, vectorCapacity);
    vector = takeBlock(most);
    vectorCapacity = blockCapacity(most);
  }
  let entries: u32 = 0;
  for (let i: u32 = 0; i < slots.slotCount(); i++) {
    const slot = slots.slotAt(i);
    if (slot.ownRequests == 0) continue;
    const entry = flightEntry(vector, entries++);
    store<u64>(entry, slot.key, FLIGHT_KEY);
    store<u32>(entry, slot.ownRequests, FLIGHT_REQUESTS);
    store<u32>(entry, slot.ownTokens, FLIGHT_TOKENS);
    store<u32>(entry, slot.ownPrefill, FLIGHT_PREFILL);
    store<u32>(entry, 0, FLIGHT_PREFILL + 4);
  }
  const length = u32(FLIGHT_BYTES) + entries * FLIGHT_ENTRY_BYTES;
  writeHeader(vector, KIND_FLIGHT, length);
  store<u64>(vector, self, FLIGHT_OWNER);
  store<u64>(vector, now, FLIGHT_BEAT_AT);
  store<u32>(vector, entries, FLIGHT_ENTRIES);
  announced = journalNext();
  store<u64>(vector, announced, FLIGHT_JOURNAL);
  store<u32>(vector, 0, FLIGHT_ENTRIES + 4);
  host.setShared(OWN_KEY, vector, length);
  beatAt = now;
  slots.clearChanged();
}

// Reads a vector into the host result; false where there is none, it is damaged, or its owner has died.
function readVector(owner: u64, now: u64): bool {
  renumber(OTHER_KEY, owner);
  return host.getShared(OTHER_KEY) && isFlight(host.resultAt, host.resultLength) && isAlive(host.resultAt, now);
}

function isAlive(flight: usize, now: u64): bool {
  return i64(now - load<u64>(flight, FLIGHT_BEAT_AT)) <= i64(DEAD_AFTER);
}

function readOthers(now: u64): void {
  if (othersCounted) slots.clearOthers();
  othersCounted = false;
  if (leading) {
    beginTotals();
    if (self != 0) addToTotals(vector);
  }
  keepCursors(owners, known);
  for (let i: u32 = 0; i < known; i++) {
    const owner = load<u64>(owners + (i << 3));
    if (owner == self || !readVector(owner, now)) continue;
    const flight = host.resultAt; // stands in the arena whatever is read after it
    countOthers(flight);
    if (leading) addToTotals(flight);
    const next = load<u64>(flight, FLIGHT_JOURNAL);
    if (next > cursorAt(i)) moveCursor(i, readJournal(owner, cursorAt(i), next, leading));
  }
  if (leading) endTotals();
  if (slots.slotCount() == 0) return;
  for (let i = 0; i < remotes.length; i++) {
    const remote = unchecked(remotes[i]);
    if (!remote.readFlight()) continue;
    const flight = host.resultAt;
    if (isAlive(flight, now)) countRemote(flight);
    remote.readJournal(flight);
  }
}

function countOthers(flight: usize): void {
  const entries = flightEntries(flight);
  for (let i: u32 = 0; i < entries; i++) {
    const entry = flightEntry(flight, i);
    const slot = slots.findSlot(load<u64>(entry, FLIGHT_KEY));
    if (slot === null) continue;
    slot.otherRequests += load<u32>(entry, FLIGHT_REQUESTS);
    slot.otherTokens += load<u32>(entry, FLIGHT_TOKENS);
    slot.otherPrefill += load<u32>(entry, FLIGHT_PREFILL);
    othersCounted = true;
  }
}

// Gateways tell every sidecar they are connected to all that they have in flight, so of what two sidecars relay of one
// endpoint the larger counts.
function countRemote(flight: usize): void {
  const entries = flightEntries(flight);
  for (let i: u32 = 0; i < entries; i++) {
    const entry = flightEntry(flight, i);
    const slot = slots.findSlot(load<u64>(entry, FLIGHT_KEY));
    if (slot === null) continue;
    slots.raiseRemote(
      slot, load<u32>(entry, FLIGHT_REQUESTS), load<u32>(entry, FLIGHT_TOKENS), load<u32>(entry, FLIGHT_PREFILL),
    );
    othersCounted = true;
  }
}
