// Why an endpoint was picked, as JSON for people and tools. Plugins know nothing of it: what a step did shows in the
// candidates before and after it. Nothing here runs for a request that did not ask.
//
//   {"pool": "ns/name", "promptTokens": 1200, "promptBlocks": 18, "profiles": [{
//      "name": "default", "candidates": 8,
//      "endpoints": ["10.0.0.1:8000", ..],                        picks, then by total, then those dropped by filters
//      "signals": {"queue": [..], "running": [..], "kvUsage": [..], "inFlight": [..], "matchedBlocks": [..],
//        "ttft": [250, null, ..], "tpot": [..]},                  predicted, ms, where a step reads it; null: unknown
//      "steps": [
//        {"filter": "name", "kept": [1, 0, null, ..], "left": 5},   1: passed, 0: dropped here, null: dropped before
//        {"scorer": "name", "weight": 2, "scores": [0.5, null, ..]},  held to 0..1; null: dropped by a filter
//        {"picker": "name", "totals": [..], "ties": 1, "picks": ["10.0.0.1:8000", ..]}]}]}
//
// Arrays follow "endpoints", which may be fewer than the candidates.

import {
  MAX_ENDPOINTS, PROFILE_NAME_LENGTH, PROFILE_NAME_OFFSET, ROSTER_NAME_LENGTH, ROSTER_NAME_OFFSET, STAGE_FILTER,
  STAGE_SCORER, STEP_NAME_LENGTH, STEP_NAME_OFFSET, STEP_STAGE,
} from "../../wire/layout.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { matched } from "../prefix/index.ts";
import { Pool } from "../state/pool.ts";
import { JsonText } from "../text/json.ts";
import { planText, profileFirstStep, profileSteps, stepRow, stepWeight } from "../wire/plan.ts";
import { endpointAddressAt, endpointAddressLength, rosterEndpoints, rosterText } from "../wire/roster.ts";
import {
  candidateIndex, candidateQueue, candidateRunning, candidates, candidateTotal, candidateTpot, candidateTtft,
  candidateUsage, runningPickAt,
} from "./candidates.ts";
import { promptBlocks, promptTokens } from "./inputs.ts";
import { NEEDS_TPOT, NEEDS_TTFT } from "./signals.ts";

const OBJECT: u8 = 0x7b;
const OBJECT_END: u8 = 0x7d;
const LIST: u8 = 0x5b;
const LIST_END: u8 = 0x5d;

/** Columns that stand before those of the steps, one f64 per roster row each. */
const QUEUE: u32 = 0;
const RUNNING: u32 = 1;
const USAGE: u32 = 2;
const TOTAL: u32 = 3; // while scorers run: the total before the step
const RANK: u32 = 4; // order in which rows are shown
const TTFT: u32 = 5;
const TPOT: u32 = 6;
const STEPS: u32 = 7;

const json = new JsonText();
const shown: usize = memory.data(16384, 16); // u32[MAX_ENDPOINTS], roster rows in the order in which they are shown

/** Whether the pick that runs is to be explained. */
export let tracing: bool = false;
let limit: u32 = 0;
let columns: usize = 0;
let columnsBytes: usize = 0;
let rows: u32 = 0;
let started: u32 = 0;
let needed: u32 = 0;

/** The next pick is explained, with at most `most` endpoints per profile; 0: it is not. */
export function beginTrace(pool: Pool, most: u32): void {
  tracing = most != 0;
  json.clear();
  if (!tracing) return;
  limit = min<u32>(most, MAX_ENDPOINTS);
  json.open(OBJECT).key("pool").string(
    rosterText(pool.roster, pool.roster, ROSTER_NAME_OFFSET), load<u32>(pool.roster, ROSTER_NAME_LENGTH),
  );
  json.key("promptTokens").number(promptTokens).key("promptBlocks").number(f64(promptBlocks));
  json.key("profiles").open(LIST);
}

/** The pick is done. */
export function endTrace(): void {
  if (!tracing) return;
  json.close(LIST_END).close(OBJECT_END);
  tracing = false;
}

/** The explanation of the last pick that was explained; its memory is the next one's. */
export function traceAt(): usize {
  return json.at;
}
export function traceLength(): u32 {
  return json.length;
}

@inline
function cell(column: u32, row: u32): usize {
  return columns + ((usize(column) * usize(rows) + usize(row)) << 3);
}

/** A profile starts: all candidates stand, none has been judged. `needs`: NEEDS_ bits of its steps. */
export function traceProfile(pool: Pool, profile: usize, needs: u32): void {
  rows = rosterEndpoints(pool.roster);
  needed = needs;
  columnsBytes = max<usize>((usize(STEPS + profileSteps(profile)) * usize(rows)) << 3, 8);
  columns = takeBlock(columnsBytes);
  for (let at = columns; at < columns + columnsBytes; at += 8) store<f64>(at, NaN);
  started = candidates();
  for (let i: u32 = 0; i < started; i++) {
    const row = candidateIndex(i);
    store<f64>(cell(QUEUE, row), candidateQueue(i));
    store<f64>(cell(RUNNING, row), candidateRunning(i));
    store<f64>(cell(USAGE, row), candidateUsage(i));
    store<f64>(cell(RANK, row), -1);
  }
}

/** Signals have been fetched for the candidates that are left. */
export function traceSignals(fetched: u32): void {
  for (let i: u32 = 0; i < candidates(); i++) {
    const row = candidateIndex(i);
    if ((fetched & NEEDS_TTFT) != 0) store<f64>(cell(TTFT, row), candidateTtft(i));
    if ((fetched & NEEDS_TPOT) != 0) store<f64>(cell(TPOT, row), candidateTpot(i));
  }
}

/** A step is about to run. */
export function traceBefore(): void {
  for (let row: u32 = 0; row < rows; row++) store<f64>(cell(TOTAL, row), NaN);
  for (let i: u32 = 0; i < candidates(); i++) store<f64>(cell(TOTAL, candidateIndex(i)), candidateTotal(i));
}

/** A filter or scorer has run: the `number`-th step of its profile. */
export function traceAfter(number: u32, step: usize): void {
  const column = STEPS + number;
  if (load<u16>(step, STEP_STAGE) == u16(STAGE_FILTER)) {
    for (let row: u32 = 0; row < rows; row++) {
      if (!isNaN(load<f64>(cell(TOTAL, row)))) store<f64>(cell(column, row), 0);
    }
    for (let i: u32 = 0; i < candidates(); i++) store<f64>(cell(column, candidateIndex(i)), 1);
    return;
  }
  const weight = stepWeight(step);
  for (let i: u32 = 0; i < candidates(); i++) {
    const row = candidateIndex(i);
    const gained = candidateTotal(i) - load<f64>(cell(TOTAL, row));
    store<f64>(cell(column, row), weight == 0 ? 0 : gained / weight);
  }
}

/** The profile is over; its picker has listed `picks` endpoints, 0 where the filters left none for it. */
export function traceProfileEnd(pool: Pool, profile: usize, picks: u32): void {
  if (picks == 0) traceBefore(); // the totals are still those before the filter that left none
  const count = order(picks);
  json.open(OBJECT).key("name").string(
    planText(pool.plan, profile, PROFILE_NAME_OFFSET), load<u32>(profile, PROFILE_NAME_LENGTH),
  );
  json.key("candidates").number(f64(started)).key("endpoints").open(LIST);
  for (let i: u32 = 0; i < count; i++) address(pool, shownRow(i));
  json.close(LIST_END).key("signals").open(OBJECT);
  json.key("queue");
  column(QUEUE, count);
  json.key("running");
  column(RUNNING, count);
  json.key("kvUsage");
  column(USAGE, count);
  json.key("inFlight").open(LIST);
  for (let i: u32 = 0; i < count; i++) json.number(f64(pool.slot(shownRow(i)).inFlight()));
  json.close(LIST_END).key("matchedBlocks").open(LIST);
  for (let i: u32 = 0; i < count; i++) json.number(f64(matched(pool.slot(shownRow(i)).number)));
  json.close(LIST_END);
  if ((needed & NEEDS_TTFT) != 0) {
    json.key("ttft");
    column(TTFT, count);
  }
  if ((needed & NEEDS_TPOT) != 0) {
    json.key("tpot");
    column(TPOT, count);
  }
  json.close(OBJECT_END).key("steps").open(LIST);
  const first = profileFirstStep(profile);
  for (let i: u32 = 0; i < profileSteps(profile); i++) writeStep(pool, stepRow(pool.plan, first + i), i, count, picks);
  json.close(LIST_END).close(OBJECT_END);
  giveBlock(columns, columnsBytes);
}

function writeStep(pool: Pool, step: usize, number: u32, count: u32, picks: u32): void {
  const stage = i32(load<u16>(step, STEP_STAGE));
  json.open(OBJECT).key(stage == STAGE_FILTER ? "filter" : stage == STAGE_SCORER ? "scorer" : "picker");
  json.string(planText(pool.plan, step, STEP_NAME_OFFSET), load<u32>(step, STEP_NAME_LENGTH));
  if (stage == STAGE_FILTER) {
    json.key("kept");
    column(STEPS + number, count);
    let left: f64 = 0;
    for (let row: u32 = 0; row < rows; row++) {
      const kept = load<f64>(cell(STEPS + number, row));
      if (kept == 1) left++;
    }
    json.key("left").number(left);
  } else if (stage == STAGE_SCORER) {
    json.key("weight").number(stepWeight(step)).key("scores");
    column(STEPS + number, count);
  } else {
    json.key("totals");
    column(TOTAL, count);
    json.key("ties").number(f64(ties()));
    json.key("picks").open(LIST);
    for (let place: u32 = 0; place < picks; place++) address(pool, runningPickAt(place));
    json.close(LIST_END);
  }
  json.close(OBJECT_END);
}

// Rows that share the best total: the first pick was drawn from them where the picker goes by totals.
function ties(): u32 {
  let best = -Infinity;
  let count: u32 = 0;
  for (let row: u32 = 0; row < rows; row++) {
    const total = load<f64>(cell(TOTAL, row));
    if (total > best) {
      best = total;
      count = 1;
    } else if (total == best) {
      count++;
    }
  }
  return count;
}

// Fills `shown`: picks in their order, then by total, then what filters dropped, in roster order. Returns how many.
function order(picks: u32): u32 {
  const count = min(started, limit);
  let place: u32 = 0;
  for (; place < picks && place < count; place++) show(place, runningPickAt(place));
  while (place < count) {
    let next = u32.MAX_VALUE;
    let best = -Infinity;
    for (let row: u32 = 0; row < rows; row++) {
      if (load<f64>(cell(RANK, row)) != -1) continue; // shown, or no candidate
      const total = load<f64>(cell(TOTAL, row));
      const standing = isNaN(total) ? -f64.MAX_VALUE : total;
      if (standing <= best) continue;
      best = standing;
      next = row;
    }
    show(place++, next);
  }
  return count;
}

function show(place: u32, row: u32): void {
  store<u32>(shown + (usize(place) << 2), row);
  store<f64>(cell(RANK, row), f64(place));
}

@inline
function shownRow(place: u32): u32 {
  return load<u32>(shown + (usize(place) << 2));
}

function column(number: u32, count: u32): void {
  json.open(LIST);
  for (let i: u32 = 0; i < count; i++) json.number(load<f64>(cell(number, shownRow(i))));
  json.close(LIST_END);
}

function address(pool: Pool, row: u32): void {
  json.string(endpointAddressAt(pool.roster, row), endpointAddressLength(pool.roster, row));
}
