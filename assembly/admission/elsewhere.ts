// What waits in other workers, as their digests tell, and which of it goes before what waits here. What is told of
// flows is added to this worker's own, so that sums are the gateway's.

import { takeBlock } from "../memory/blocks.ts";
import { bandOf, findBand } from "./bands.ts";
import {
  BAND_BYTES, BAND_FLOWS, BAND_HALF_LIFE, BAND_PRIORITY, BAND_REQUESTS, BAND_WAITING_BYTES, DIGEST_AT, DIGEST_BYTES,
  DIGEST_QUEUES, DIGEST_REQUESTS, DIGEST_TOKEN, FLOW_BYTES, FLOW_GIVEN, FLOW_HEAD_KEY, FLOW_HEAD_TIE, FLOW_ID,
  FLOW_RAISED, FLOW_REQUESTS, PROMISE_AT, PROMISE_BYTES, PROMISE_OWNER, QUEUE_BANDS, QUEUE_BYTES, QUEUE_KEY,
  QUEUE_PROMISES, QUEUE_REQUESTS, QUEUE_WAITING_BYTES,
} from "./digest.ts";
import { heardBy } from "./exchange.ts";
import { Band, Flow, flowOf } from "./flows.ts";
import { Entry, findQueue, firstQueue, Queue } from "./queue.ts";
import { forgetElsewhere, giveElsewhere, heardOf, settle } from "./shares.ts";

/** One flow in one other worker. */
@unmanaged
@final
export class Row {
  flow: Flow;
  /** The worker's number, and where to send it grants. */
  owner: u64;
  token: u32;
  /** Requests that wait, and the place of the first one. */
  requests: u32;
  key: f64;
  tie: u64;
}

const MAX_ROWS: u32 = 4096;
let rows: usize = 0;
let count: u32 = 0;
let told: bool = false;

/** Requests that wait in other workers, whatever for. */
export let waitingElsewhere: u32 = 0;

@inline
function rowAt(index: u32): Row {
  return changetype<Row>(rows + usize(index) * offsetof<Row>());
}

/** Forgets all that other workers have told. */
export function forgetOthers(): void {
  waitingElsewhere = 0;
  for (let i: u32 = 0; i < count; i++) {
    forgetElsewhere(rowAt(i).flow);
    settle(rowAt(i).flow);
  }
  count = 0;
  if (!told) return;
  told = false;
  for (let at = firstQueue; at != 0; at = changetype<Queue>(at).next) {
    const queue = changetype<Queue>(at);
    queue.requestsElsewhere = 0;
    queue.bytesElsewhere = 0;
    queue.promisedElsewhere = 0;
    queue.lowest = u64.MAX_VALUE;
    for (let band = queue.bands; band != 0; band = changetype<Band>(band).next) {
      changetype<Band>(band).requestsElsewhere = 0;
      changetype<Band>(band).bytesElsewhere = 0;
    }
  }
}

/** It is not long ago that a worker told. */
export const LIVES: u32 = 1;
/** It hears of grants, or has not been given any. */
export const HEARS: u32 = 2;

/**
 * Adds a checked digest of the worker with this number, of which `flags` are true. What flows were given long ago
 * counts as such; what waited then does not, and only who hears gets turns.
 */
export function addElsewhere(digest: usize, owner: u64, flags: u32, now: u64): void {
  if (rows == 0) rows = takeBlock(usize(MAX_ROWS) * offsetof<Row>());
  told = true;
  const lives = (flags & LIVES) != 0;
  if (lives) waitingElsewhere += load<u32>(digest, DIGEST_REQUESTS);
  const then = min(load<u64>(digest, DIGEST_AT), now);
  const token = flags == (LIVES | HEARS) ? load<u32>(digest, DIGEST_TOKEN) : 0;
  let at = digest + DIGEST_BYTES;
  for (let queues = load<u32>(digest, DIGEST_QUEUES); queues > 0; queues--) {
    const queue = findQueue(load<u64>(at, QUEUE_KEY));
    let bands = load<u32>(at, QUEUE_BANDS);
    if (queue !== null && lives) addQueue(queue, at, token != 0, owner);
    at += QUEUE_BYTES + usize(load<u32>(at, QUEUE_PROMISES)) * PROMISE_BYTES;
    for (; bands > 0; bands--) {
      if (queue !== null) addBand(queue, at, lives, owner, token, then, now);
      at += BAND_BYTES + usize(load<u32>(at, BAND_FLOWS)) * FLOW_BYTES;
    }
  }
}

/** Whose turn it is among those that wait in other workers for a queue's pool; null where nobody does. */
export function turnElsewhere(queue: Queue): Row | null {
  let best: usize = 0;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(i);
    if (row.requests == 0 || row.token == 0 || row.flow.band.queue != changetype<usize>(queue)) continue;
    if (best == 0 || goesBefore(row.flow, row.key, row.tie, changetype<Row>(best))) best = changetype<usize>(row);
  }
  return best == 0 ? null : changetype<Row>(best);
}

/** Whether one who waits here goes before one who waits in another worker. */
export function isBefore(entry: Entry, row: Row): bool {
  return goesBefore(entry.flow, entry.key, entry.tie, row);
}

/** The first one of a row may go on. What that gives its flow, the worker will tell; until then it is estimated. */
export function takeOne(row: Row, now: u64): void {
  const flow = row.flow;
  row.requests--;
  if (row.requests == 0) flow.waitsElsewhere--;
  if (flow.band.requestsElsewhere > 0) flow.band.requestsElsewhere--;
  giveElsewhere(flow, flow.band.usual, now);
}

/** Nobody is left in a row, or its worker cannot be told. */
export function emptyRow(row: Row): void {
  row.requests = 0;
  row.flow.waitsElsewhere--;
}

/** The least sum among a band's flows that wait in other workers; Infinity where none does. */
export function levelElsewhere(band: Band): f64 {
  let least: f64 = Infinity;
  if (band.requestsElsewhere == 0) return least;
  for (let i: u32 = 0; i < count; i++) {
    const row = rowAt(i);
    if (row.requests == 0 || changetype<usize>(row.flow.band) != changetype<usize>(band)) continue;
    least = min(least, row.flow.key);
  }
  return least;
}

// As the heaps have it: by priority, then by what the flow has been given; inside a flow by its order; then who came
// first.
function goesBefore(flow: Flow, key: f64, tie: u64, row: Row): bool {
  const other = row.flow;
  if (flow.band.priority != other.band.priority) return flow.band.priority > other.band.priority;
  if (flow.key != other.key) return flow.key < other.key;
  if (changetype<usize>(flow) == changetype<usize>(other) && key != row.key) return key < row.key;
  return tie < row.tie;
}

function addQueue(queue: Queue, at: usize, hears: bool, owner: u64): void {
  const requests = load<u32>(at, QUEUE_REQUESTS);
  queue.requestsElsewhere += requests;
  queue.bytesElsewhere += load<u64>(at, QUEUE_WAITING_BYTES);
  let promise = at + QUEUE_BYTES;
  for (let promises = load<u32>(at, QUEUE_PROMISES); promises > 0; promises--) {
    if (load<u64>(promise, PROMISE_AT) > heardBy(load<u64>(promise, PROMISE_OWNER))) queue.promisedElsewhere++;
    promise += PROMISE_BYTES;
  }
  if (hears && requests != 0) queue.lowest = min(queue.lowest, owner);
}

function addBand(queue: Queue, at: usize, lives: bool, owner: u64, token: u32, then: u64, now: u64): void {
  const priority = load<i32>(at, BAND_PRIORITY);
  const known = findBand(queue, priority);
  const band = known !== null ? known : bandOf(queue, priority, load<f64>(at, BAND_HALF_LIFE), now);
  if (band === null) return;
  if (lives) {
    band.requestsElsewhere += load<u32>(at, BAND_REQUESTS);
    band.bytesElsewhere += load<u64>(at, BAND_WAITING_BYTES);
  }
  let next = at + BAND_BYTES;
  for (let flows = load<u32>(at, BAND_FLOWS); flows > 0; flows--) {
    if (count < MAX_ROWS) addRow(band, next, lives, owner, token, then, now);
    next += FLOW_BYTES;
  }
}

function addRow(band: Band, at: usize, lives: bool, owner: u64, token: u32, then: u64, now: u64): void {
  const flow = flowOf(band, load<u64>(at, FLOW_ID));
  if (flow === null) return;
  const row = rowAt(count++);
  row.flow = flow;
  row.owner = owner;
  row.token = token;
  row.requests = lives ? load<u32>(at, FLOW_REQUESTS) : 0;
  row.key = load<f64>(at, FLOW_HEAD_KEY);
  row.tie = load<u64>(at, FLOW_HEAD_TIE);
  if (row.requests != 0) flow.waitsElsewhere++;
  heardOf(flow, sane(load<f64>(at, FLOW_GIVEN)), sane(load<f64>(at, FLOW_RAISED)), then, now);
  settle(flow);
}

// Sums with which one can reckon, whoever has written them.
@inline
function sane(value: f64): f64 {
  return value >= 0 && value < 1e18 ? value : 0;
}
