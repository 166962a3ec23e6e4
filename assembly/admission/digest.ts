// What a worker tells the others of its queues, as one value of shared data that only it writes. All but its head may
// be cut short: flows whose turn is far are left out first, and cost the others some exactness.
//
//   head    DIGEST_BYTES, then queues: each QUEUE_BYTES, then its promises: PROMISE_BYTES each, then its bands: each
//           BAND_BYTES, then its flows: FLOW_BYTES each
//
// What flows have been given is as of the head's time.

import { takeBlock } from "../memory/blocks.ts";
import { Heap, heapAt } from "../memory/heap.ts";
import { Entry, firstQueue, Queue, waitingTotal } from "./queue.ts";
import { Band, Flow } from "./flows.ts";
import { isPromiseOf, promiseCount, promisedAt, promisedTo } from "./promises.ts";
import { FORGOTTEN, worth } from "./shares.ts";

const MAGIC: u32 = 0x51505045; // "EPPQ"
/** Bytes that a digest has at most. */
export const MAX_DIGEST: u32 = 32768;

export const DIGEST_LENGTH: usize = 4; // u32, bytes of all of it
export const DIGEST_AT: usize = 8; // u64, microseconds
export const DIGEST_HEARD: usize = 16; // u64, when the latest of the grants was given that the worker has heard of
export const DIGEST_TOKEN: usize = 24; // u32, where to send it grants; 0: nowhere
export const DIGEST_QUEUES: usize = 28; // u32
export const DIGEST_REQUESTS: usize = 32; // u32, that wait in all of them
export const DIGEST_BYTES: usize = 40;

export const QUEUE_KEY: usize = 0; // u64
export const QUEUE_WAITING_BYTES: usize = 8; // u64, of bodies
export const QUEUE_REQUESTS: usize = 16; // u32
export const QUEUE_PROMISES: usize = 20; // u32
export const QUEUE_BANDS: usize = 24; // u32
export const QUEUE_BYTES: usize = 32;

// A grant that this worker has given and does not know to be taken.
export const PROMISE_OWNER: usize = 0; // u64, to whom
export const PROMISE_AT: usize = 8; // u64, when
export const PROMISE_BYTES: usize = 16;

export const BAND_PRIORITY: usize = 0; // i32
export const BAND_REQUESTS: usize = 4; // u32
export const BAND_WAITING_BYTES: usize = 8; // u64
export const BAND_HALF_LIFE: usize = 16; // f64, seconds
export const BAND_FLOWS: usize = 24; // u32
export const BAND_BYTES: usize = 32;

export const FLOW_ID: usize = 0; // u64
export const FLOW_GIVEN: usize = 8; // f64, by this worker
export const FLOW_RAISED: usize = 16; // f64, the level at which it began to wait here
export const FLOW_HEAD_KEY: usize = 24; // f64, place of its first one in the flow's order
export const FLOW_HEAD_TIE: usize = 32; // u64, when that one came
export const FLOW_REQUESTS: usize = 40; // u32, that wait; 0: the head means nothing
export const FLOW_BYTES: usize = 48;

/** Flows of a band that are told: of those that wait, which are first; and of the others, given something lately. */
const WAITING_FLOWS: u32 = 48;
const OTHER_FLOWS: u32 = 16;
/** Promises of a queue that are told. */
const MAX_PROMISES: u32 = 64;
/** How many of the recent ones are looked at for these. */
const LOOKED_AT: u32 = 128;

let buffer: usize = 0; // taken with the first use
let top: usize = 0;

/** Writes what this worker has to tell; returns its address, DIGEST_LENGTH bytes until the next call. */
export function writeDigest(now: u64, heard: u64, token: u32): usize {
  if (buffer == 0) buffer = takeBlock(MAX_DIGEST);
  top = buffer + DIGEST_BYTES;
  let queues: u32 = 0;
  for (let at = firstQueue; at != 0; at = changetype<Queue>(at).next) {
    const queue = changetype<Queue>(at);
    if (queue.bands == 0 && queue.promised == 0) continue;
    if (!writeQueue(queue, now)) break;
    queues++;
  }
  memory.fill(buffer, 0, DIGEST_BYTES);
  store<u32>(buffer, MAGIC);
  store<u32>(buffer, u32(top - buffer), DIGEST_LENGTH);
  store<u64>(buffer, now, DIGEST_AT);
  store<u64>(buffer, heard, DIGEST_HEARD);
  store<u32>(buffer, token, DIGEST_TOKEN);
  store<u32>(buffer, queues, DIGEST_QUEUES);
  store<u32>(buffer, waitingTotal, DIGEST_REQUESTS);
  return buffer;
}

/** Whether bytes from shared data are a digest. */
export function isDigest(at: usize, length: u32): bool {
  if (usize(length) < DIGEST_BYTES || load<u32>(at) != MAGIC || load<u32>(at, DIGEST_LENGTH) != length) return false;
  const end = at + length;
  let next = at + DIGEST_BYTES;
  for (let queues = load<u32>(at, DIGEST_QUEUES); queues > 0; queues--) {
    if (end - next < QUEUE_BYTES) return false;
    let bands = load<u32>(next, QUEUE_BANDS);
    const promises = load<u32>(next, QUEUE_PROMISES);
    next += QUEUE_BYTES;
    if (promises > u32(end - next) / u32(PROMISE_BYTES)) return false;
    next += usize(promises) * PROMISE_BYTES;
    for (; bands > 0; bands--) {
      if (end - next < BAND_BYTES) return false;
      const flows = load<u32>(next, BAND_FLOWS);
      const halfLife = load<f64>(next, BAND_HALF_LIFE);
      next += BAND_BYTES;
      if (!(halfLife > 0) || halfLife == Infinity || flows > u32(end - next) / u32(FLOW_BYTES)) return false;
      next += usize(flows) * FLOW_BYTES;
    }
  }
  return next == end;
}

function writeQueue(queue: Queue, now: u64): bool {
  const row = top;
  if (!reserve(QUEUE_BYTES)) return false;
  store<u64>(row, queue.key, QUEUE_KEY);
  store<u64>(row, queue.bytes, QUEUE_WAITING_BYTES);
  store<u32>(row, queue.requests, QUEUE_REQUESTS);
  if (queue.promised != 0) store<u32>(row, writePromises(queue), QUEUE_PROMISES);
  let bands: u32 = 0;
  for (let at = queue.bands; at != 0; at = changetype<Band>(at).next) {
    if (!writeBand(changetype<Band>(at), now)) break;
    bands++;
  }
  store<u32>(row, bands, QUEUE_BANDS);
  return true;
}

function writePromises(queue: Queue): u32 {
  let written: u32 = 0;
  for (let i: u32 = 0; i < promiseCount() && written < MAX_PROMISES; i++) {
    if (!isPromiseOf(i, queue)) continue;
    const row = top;
    if (!reserve(PROMISE_BYTES)) break;
    store<u64>(row, promisedTo(i), PROMISE_OWNER);
    store<u64>(row, promisedAt(i), PROMISE_AT);
    written++;
  }
  return written;
}

function writeBand(band: Band, now: u64): bool {
  const row = top;
  if (!reserve(BAND_BYTES)) return false;
  store<i32>(row, band.priority, BAND_PRIORITY);
  store<u32>(row, band.requests, BAND_REQUESTS);
  store<u64>(row, band.bytes, BAND_WAITING_BYTES);
  store<f64>(row, band.halfLife, BAND_HALF_LIFE);
  const begin = top;
  const unit = worth(band, now);
  const active = band.active;
  const waiting = min(active.count, WAITING_FLOWS);
  for (let place: u32 = 1; place <= waiting; place++) {
    if (!writeFlow(changetype<Flow>(heapAt(active, place)), unit)) break;
  }
  let others = OTHER_FLOWS;
  let at = band.recent;
  for (let looked = LOOKED_AT; at != 0 && looked > 0 && others > 0; looked--) {
    const flow = changetype<Flow>(at);
    at = flow.older;
    if (flow.waiting.count != 0 || (flow.given + flow.raised) < FORGOTTEN * unit) continue;
    if (!writeFlow(flow, unit)) break;
    others--;
  }
  store<u32>(row, u32((top - begin) / FLOW_BYTES), BAND_FLOWS);
  return true;
}

function writeFlow(flow: Flow, unit: f64): bool {
  const row = top;
  if (!reserve(FLOW_BYTES)) return false;
  store<u64>(row, flow.id, FLOW_ID);
  store<f64>(row, flow.given / unit, FLOW_GIVEN);
  store<f64>(row, flow.raised / unit, FLOW_RAISED);
  const waiting: Heap = flow.waiting;
  if (waiting.count == 0) return true;
  const head = changetype<Entry>(heapAt(waiting, 1));
  store<f64>(row, head.key, FLOW_HEAD_KEY);
  store<u64>(row, head.tie, FLOW_HEAD_TIE);
  store<u32>(row, waiting.count, FLOW_REQUESTS);
  return true;
}

// Zeroed room at the end; false where there is none.
function reserve(bytes: usize): bool {
  if (top + bytes > buffer + MAX_DIGEST) return false;
  memory.fill(top, 0, bytes);
  top += bytes;
  return true;
}
