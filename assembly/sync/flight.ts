// Requests in flight, shared between workers. Each worker owns one vector (a FLIGHT frame) and writes it on its tick
// when it has changed, or once a second to show that it lives; on every tick it reads the others'. A vector has one
// writer, so nothing is ever lost to a race; one whose owner stopped beating no longer counts.
//
// The list of owners is the one value that several write: u64 each, guarded by CAS. Its very first write cannot be
// guarded; who gets lost there finds out on the next tick and registers again.

import {
  FLIGHT_BEAT_AT, FLIGHT_BYTES, FLIGHT_ENTRIES, FLIGHT_ENTRY_BYTES, FLIGHT_KEY, FLIGHT_OWNER, FLIGHT_REQUESTS,
  FLIGHT_TOKENS, KIND_FLIGHT,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";
import * as slots from "../state/slots.ts";
import { checkFlight, flightEntries, flightEntry } from "../wire/flight.ts";
import { writeHeader } from "../wire/header.ts";
import { ownerKey, ownersKey, renumber } from "./keys.ts";

const BEAT_EVERY: u64 = 1_000_000;
const DEAD_AFTER: u64 = 3_000_000;
const MAX_OWNERS: u32 = 512;

const owners: usize = memory.data(4096, 8); // u64[MAX_OWNERS], the list as last read
const OWNERS_KEY = ownersKey();
const OWN_KEY = ownerKey(0);
const OTHER_KEY = ownerKey(0);

let self: u64 = 0; // this worker's owner number; 0 until it has had a request
let beatAt: u64 = 0;
let vector: usize = 0;
let vectorCapacity: usize = 0;
let othersCounted: bool = false;

/** Publishes this worker's vector and reads the others'. */
export function exchangeFlights(now: u64): void {
  let known = readOwners();
  if (self == 0 && slots.ownTotal != 0) {
    do self = host.random();
    while (self == 0);
    renumber(OWN_KEY, self);
  }
  if (self != 0) {
    // Published before it is listed: nobody finds a name without a vector.
    if (slots.changed || now - beatAt >= BEAT_EVERY) publish(now);
    if (!isListed(known)) known = register(known, now);
  }
  readOthers(known, now);
}

function readOwners(): u32 {
  if (!host.getShared(OWNERS_KEY)) return 0;
  const known = min(host.resultLength >> 3, MAX_OWNERS);
  memory.copy(owners, host.resultAt, known << 3);
  return known;
}

function isListed(known: u32): bool {
  for (let i: u32 = 0; i < known; i++) {
    if (load<u64>(owners + (i << 3)) == self) return true;
  }
  return false;
}

// Adds this worker to the list, without those that have died, and returns how many are left in it. Against the CAS
// value of a fresh read; on a mismatch the next tick tries again.
function register(known: u32, now: u64): u32 {
  let living: u32 = 0;
  for (let i: u32 = 0; i < known; i++) {
    const owner = load<u64>(owners + (i << 3));
    if (readVector(owner, now)) store<u64>(owners + (living++ << 3), owner);
    else if (host.getShared(OTHER_KEY)) host.setShared(OTHER_KEY, 0, 0); // keys stay for ever, their values need not
  }
  if (living >= MAX_OWNERS) return living;
  const exists = host.getShared(OWNERS_KEY);
  if (exists && min(host.resultLength >> 3, MAX_OWNERS) != known) return living;
  store<u64>(owners + (living++ << 3), self);
  host.setShared(OWNERS_KEY, owners, living << 3, exists ? host.resultCas : 0);
  return living;
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
  }
  const length = u32(FLIGHT_BYTES) + entries * FLIGHT_ENTRY_BYTES;
  writeHeader(vector, KIND_FLIGHT, length);
  store<u64>(vector, self, FLIGHT_OWNER);
  store<u64>(vector, now, FLIGHT_BEAT_AT);
  store<u32>(vector, entries, FLIGHT_ENTRIES);
  store<u32>(vector, 0, FLIGHT_ENTRIES + 4);
  host.setShared(OWN_KEY, vector, length);
  beatAt = now;
  slots.clearChanged();
}

// Reads a vector into the host result; false where there is none, it is damaged, or its owner has died.
function readVector(owner: u64, now: u64): bool {
  renumber(OTHER_KEY, owner);
  return (
    host.getShared(OTHER_KEY) && checkFlight(host.resultAt, host.resultLength) &&
    i64(now - load<u64>(host.resultAt, FLIGHT_BEAT_AT)) <= i64(DEAD_AFTER)
  );
}

function readOthers(known: u32, now: u64): void {
  if (othersCounted) slots.clearOthers();
  othersCounted = false;
  for (let i: u32 = 0; i < known; i++) {
    const owner = load<u64>(owners + (i << 3));
    if (owner == self || !readVector(owner, now)) continue;
    const entries = flightEntries(host.resultAt);
    for (let j: u32 = 0; j < entries; j++) {
      const entry = flightEntry(host.resultAt, j);
      const slot = slots.findSlot(load<u64>(entry, FLIGHT_KEY));
      if (slot === null) continue;
      slot.otherRequests += load<u32>(entry, FLIGHT_REQUESTS);
      slot.otherTokens += load<u32>(entry, FLIGHT_TOKENS);
      othersCounted = true;
    }
  }
}
