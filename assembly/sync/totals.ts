// What all workers of this Envoy have in flight together, as the FLIGHT that goes up to sidecars: the vectors of the
// living, added up by endpoint.

import {
  FLIGHT_BEAT_AT, FLIGHT_BYTES, FLIGHT_ENTRIES, FLIGHT_ENTRY_BYTES, FLIGHT_JOURNAL, FLIGHT_KEY, FLIGHT_OWNER,
  FLIGHT_PREFILL, FLIGHT_REQUESTS, FLIGHT_TOKENS, KIND_FLIGHT, MAX_FRAME_BYTES,
} from "../../wire/layout.ts";
import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";
import { flightEntries, flightEntry } from "../wire/flight.ts";
import { writeHeader } from "../wire/header.ts";

const MAX_ENTRIES: u32 = (u32(MAX_FRAME_BYTES) - u32(FLIGHT_BYTES)) / u32(FLIGHT_ENTRY_BYTES);

let frame: usize = 0; // the sum as it stands
let frameCapacity: usize = 0;
let last: usize = 0; // the sum before, to tell whether it has changed
let lastCapacity: usize = 0;
let lastLength: u32 = 0;
let index: usize = 0; // u32 by hash of the endpoint: its entry's number + 1, 0 none; open addressing
let indexMask: u32 = 0;
let entries: u32 = 0;

/** Requests in flight anywhere, of the sum as it stands. */
export let totalRequests: u64 = 0;
/** Moves whenever the sum comes out different. */
export let totalsVersion: u32 = 0;

/** Begins a new sum. */
export function beginTotals(): void {
  const other = frame;
  const otherCapacity = frameCapacity;
  lastLength = totalsLength();
  frame = last;
  frameCapacity = lastCapacity;
  last = other;
  lastCapacity = otherCapacity;
  entries = 0;
  totalRequests = 0;
  if (index != 0) memory.fill(index, 0, (usize(indexMask) + 1) << 2);
}

/** Adds a checked vector. */
export function addToTotals(vector: usize): void {
  const count = flightEntries(vector);
  makeRoom(entries + count);
  for (let i: u32 = 0; i < count; i++) {
    const entry = flightEntry(vector, i);
    totalRequests += load<u32>(entry, FLIGHT_REQUESTS);
    const sum = entryOf(load<u64>(entry, FLIGHT_KEY));
    if (sum == 0) continue;
    addTo(sum + FLIGHT_REQUESTS, load<u32>(entry, FLIGHT_REQUESTS));
    addTo(sum + FLIGHT_TOKENS, load<u32>(entry, FLIGHT_TOKENS));
    addTo(sum + FLIGHT_PREFILL, load<u32>(entry, FLIGHT_PREFILL));
  }
}

/** Ends the sum: it is a FLIGHT now, but for the owner. */
export function endTotals(): void {
  makeRoom(entries);
  const length = totalsLength();
  writeHeader(frame, KIND_FLIGHT, length);
  store<u64>(frame, 0, FLIGHT_OWNER);
  store<u64>(frame, 0, FLIGHT_BEAT_AT);
  store<u64>(frame, 0, FLIGHT_JOURNAL);
  store<u32>(frame, entries, FLIGHT_ENTRIES);
  store<u32>(frame, 0, FLIGHT_ENTRIES + 4);
  const rows = usize(length) - FLIGHT_BYTES; // the head differs by its owner
  if (length != lastLength || memory.compare(frame + FLIGHT_BYTES, last + FLIGHT_BYTES, rows) != 0) totalsVersion++;
}

/** The sum with this owner: totalsLength() bytes, until the next beginTotals; 0 before the first. */
export function totalsFrame(owner: u64): usize {
  if (frame != 0) store<u64>(frame, owner, FLIGHT_OWNER);
  return frame;
}

export function totalsLength(): u32 {
  return u32(FLIGHT_BYTES) + entries * u32(FLIGHT_ENTRY_BYTES);
}

/** Adds to a u32, which stops at its end. */
@inline
function addTo(at: usize, value: u32): void {
  store<u32>(at, u32(min<u64>(u64(load<u32>(at)) + value, u64(u32.MAX_VALUE))));
}

// The endpoint's entry, made if need be; 0 where a frame would be too long.
function entryOf(key: u64): usize {
  let slot = u32((key * 0x9e3779b97f4a7c15) >> 32) & indexMask;
  for (;;) {
    const number = load<u32>(index + (usize(slot) << 2));
    if (number == 0) break;
    const entry = flightEntry(frame, number - 1);
    if (load<u64>(entry, FLIGHT_KEY) == key) return entry;
    slot = (slot + 1) & indexMask;
  }
  if (entries >= MAX_ENTRIES) return 0;
  const entry = flightEntry(frame, entries++);
  memory.fill(entry, 0, FLIGHT_ENTRY_BYTES);
  store<u64>(entry, key, FLIGHT_KEY);
  store<u32>(index + (usize(slot) << 2), entries);
  return entry;
}

// Makes room for so many entries, in the frame and, at most half full, in the index.
function makeRoom(count: u32): void {
  const room = min(count, MAX_ENTRIES);
  const bytes = usize(FLIGHT_BYTES) + usize(room) * FLIGHT_ENTRY_BYTES;
  if (bytes > frameCapacity) {
    const grown = takeBlock(bytes);
    if (frame != 0) memory.copy(grown, frame, totalsLength());
    giveBlock(frame, frameCapacity);
    frame = grown;
    frameCapacity = blockCapacity(bytes);
  }
  if (index != 0 && room * 2 <= indexMask + 1) return;
  giveBlock(index, (usize(indexMask) + 1) << 2);
  let size: u32 = 64;
  while (size < room * 2) size *= 2;
  index = takeBlock(usize(size) << 2);
  indexMask = size - 1;
  memory.fill(index, 0, usize(size) << 2);
  for (let i: u32 = 0; i < entries; i++) {
    let slot = u32((load<u64>(flightEntry(frame, i), FLIGHT_KEY) * 0x9e3779b97f4a7c15) >> 32) & indexMask;
    while (load<u32>(index + (usize(slot) << 2)) != 0) slot = (slot + 1) & indexMask;
    store<u32>(index + (usize(slot) << 2), i + 1);
  }
}
