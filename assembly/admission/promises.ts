// Grants that this worker has given to others and that these have not told of: what they let go counts as in flight
// until it does so by itself. A grant of which nothing is heard for long is lost.

import { noteChange, Queue } from "./queue.ts";

/** Microseconds. */
const LOST_AFTER: u64 = 50_000;
const PROMISE: usize = 24; // u64 owner, u64 when it was given, u32 address of the queue, u32 unused
const MOST: u32 = 64;

const promises: usize = memory.data(1536, 8); // in the order in which they were given
let count: u32 = 0;
/** The last workers that a grant was lost on, as u64 number and u64 time. */
const deaf: usize = memory.data(128, 8);
const DEAF: u32 = 8;
let nextDeaf: u32 = 0;

@inline
function at(index: u32): usize {
  return promises + usize(index) * PROMISE;
}

@inline
function queueOf(promise: usize): Queue {
  return changetype<Queue>(usize(load<u32>(promise, 16)));
}

/** How many there are, for which queue each is, to whom and when it was given. */
export function promiseCount(): u32 {
  return count;
}

export function isPromiseOf(index: u32, queue: Queue): bool {
  return load<u32>(at(index), 16) == u32(changetype<usize>(queue));
}

export function promisedTo(index: u32): u64 {
  return load<u64>(at(index));
}

export function promisedAt(index: u32): u64 {
  return load<u64>(at(index), 8);
}

/** A grant has been given. */
export function promise(owner: u64, queue: Queue, now: u64): void {
  if (count == MOST) remove(0);
  const made = at(count++);
  store<u64>(made, owner);
  store<u64>(made, now, 8);
  store<u32>(made, u32(changetype<usize>(queue)), 16);
  queue.promised++;
}

/** A worker has told what became of the grants that were given until then. */
export function kept(owner: u64, until: u64): void {
  for (let i: u32 = 0; i < count; ) {
    if (load<u64>(at(i)) == owner && load<u64>(at(i), 8) <= until) remove(i);
    else i++;
  }
}

/** Counts no longer on grants that are lost. */
export function losePromises(now: u64): void {
  while (count != 0 && now - load<u64>(at(0), 8) > LOST_AFTER) {
    const entry = deaf + (usize(nextDeaf) << 4);
    store<u64>(entry, load<u64>(at(0)));
    store<u64>(entry, now, 8);
    nextDeaf = (nextDeaf + 1) % DEAF;
    remove(0);
  }
}

/** Whether a grant was lost on a worker that has told nothing since: `then` is when it did so last. */
export function isDeaf(owner: u64, then: u64): bool {
  for (let i: u32 = 0; i < DEAF; i++) {
    const entry = deaf + (usize(i) << 4);
    if (load<u64>(entry) == owner && load<u64>(entry, 8) >= then) return true;
  }
  return false;
}

function remove(index: u32): void {
  queueOf(at(index)).promised--;
  noteChange();
  count--;
  memory.copy(at(index), at(index + 1), usize(count - index) * PROMISE);
}
