import { STAGE_FILTER, STAGE_SCORER, STEP_STAGE } from "../../wire/layout.ts";
import { Pool } from "../state/pool.ts";
import { profileFirstStep, profileRow, profileSteps, stepRow } from "../wire/plan.ts";
import { candidates, ENCODE, fillList, pickAt, pickOf, PREFILL, PRIMARY } from "./candidates.ts";
import { noteColdPick } from "./cold-picks.ts";
import { gatherCandidates } from "./gather.ts";
import { primaryPort } from "./handlers/data-parallel.ts";
import { encodeProfile, prefillProfile } from "./handlers/disagg.ts";
import { primaryProfile } from "./handlers/single.ts";
import { pickRandom } from "./pickers/random.ts";
import { needsOf, runFilter, runPicker, runScorer } from "./plugins.ts";
import { coldRequest, resetColdRequest } from "./scorers/no-hit-lru.ts";
import { fillSignals } from "./signals.ts";
import { traceAfter, traceBefore, traceProfile, traceProfileEnd, traceSignals, tracing } from "./trace.ts";

/** Destinations for a request that no plan decides. */
const UNPLANNED: f64 = 3;

/** What became of a request. */
export const PICKED: i32 = 0;
/** No endpoint of the pool takes requests. */
export const NO_ENDPOINT: i32 = 1;
/** Endpoints take requests, but the filters of the primary profile let none of them pass. */
export const FILTERED_OUT: i32 = 2;

let outcome: i32 = NO_ENDPOINT;
let prefills: u32 = 0;
let encodes: u32 = 0;
let port: u32 = 0;
// Numbers of the slots of who was picked first; read only where there are picks.
let primarySlot: u32 = 0;
let prefillSlot: u32 = 0;

/** What became of the request that was scheduled last. */
export function scheduleOutcome(): i32 {
  return outcome;
}

/** The roster row of the endpoint that computes the prompt; -1 where the picked one does so itself. */
export function prefillPick(): i32 {
  return prefills > 0 ? i32(pickOf(PREFILL, 0)) : -1;
}

/** How many endpoints encode images, audio and video; 0 where the picked one does so itself. */
export function encodePicks(): u32 {
  return encodes;
}

/** The roster row of one of them, 0 the best. */
export function encodePickAt(place: u32): u32 {
  return pickOf(ENCODE, place);
}

/** The port of the picked pod that distributes requests over its ranks; 0: the picked address is the destination. */
export function dataParallelPort(): u32 {
  return port;
}

/**
 * Chooses endpoints for the request in inputs.ts by the pool's plan; pickAt then gives roster rows, best first. The
 * pool is usable. `now` and `staleAfter` are microseconds. Returns how many there are; where there are none,
 * scheduleOutcome says why.
 */
export function schedule(pool: Pool, now: u64, staleAfter: i64): u32 {
  begin();
  gatherCandidates(pool, now, staleAfter);
  if (candidates() == 0) return 0;
  fillList(PRIMARY);
  const picks = runProfile(pool, primaryProfile(pool.plan));
  if (picks == 0) {
    outcome = FILTERED_OUT;
    return 0;
  }
  outcome = PICKED;
  port = primaryPort(pool.plan);
  const picked = pool.slot(pickAt(0));
  primarySlot = picked.number;
  encodes = runBefore(pool, now, staleAfter, ENCODE, encodeProfile(pool.plan, picked));
  prefills = runBefore(pool, now, staleAfter, PREFILL, prefillProfile(pool.plan, picked));
  if (prefills > 0) prefillSlot = pool.slot(pickOf(PREFILL, 0)).number;
  return picks;
}

/** Any endpoints that take requests, for a request without a body to judge by. Returns as schedule does. */
export function scheduleAny(pool: Pool, now: u64, staleAfter: i64): u32 {
  begin();
  gatherCandidates(pool, now, staleAfter);
  fillList(PRIMARY);
  const picks = pickRandom(UNPLANNED);
  port = primaryPort(pool.plan);
  if (picks > 0) outcome = PICKED;
  return picks;
}

/** Tells plugins that the request goes where it was scheduled to. */
export function afterPick(): void {
  if (outcome != PICKED || !coldRequest) return;
  noteColdPick(primarySlot);
  if (prefills > 0) noteColdPick(prefillSlot);
}

/**
 * Runs one step of the plan on the candidates, as does every plugin that runs. Returns how many candidates are left,
 * for a picker how many it picked.
 */
export function runStep(pool: Pool, index: u32): u32 {
  switch (u32(load<u16>(stepRow(pool.plan, index), STEP_STAGE))) {
    case STAGE_FILTER:
      runFilter(pool, index);
      return candidates();
    case STAGE_SCORER:
      runScorer(pool, index);
      return candidates();
    default:
      return runPicker(pool, index);
  }
}

function begin(): void {
  outcome = NO_ENDPOINT;
  prefills = 0;
  encodes = 0;
  port = 0;
  resetColdRequest();
}

// A profile for a part of the work that comes before the picked endpoint's; -1: none runs. Where its filters let none
// pass, the picked endpoint does that part too.
function runBefore(pool: Pool, now: u64, staleAfter: i64, list: u32, profile: i32): u32 {
  if (profile < 0) return 0;
  gatherCandidates(pool, now, staleAfter);
  fillList(list);
  return runProfile(pool, u32(profile));
}

// Runs a profile on the candidates. Returns how many the picker picked, 0 where the filters left none.
function runProfile(pool: Pool, index: u32): u32 {
  const profile = profileRow(pool.plan, index);
  const first = profileFirstStep(profile);
  const last = first + profileSteps(profile) - 1;
  let missing = pool.derived.needs(index);
  if (tracing) traceProfile(pool, profile, missing);
  let picks: u32 = 0;
  for (let i = first; i <= last; i++) {
    if (missing != 0) {
      const wanted = needsOf(stepRow(pool.plan, i)) & missing;
      fillSignals(wanted);
      if (tracing) traceSignals(wanted);
      missing &= ~wanted;
    }
    if (tracing) traceBefore();
    const left = runStep(pool, i);
    if (i == last) picks = left;
    else if (tracing) traceAfter(i - first, stepRow(pool.plan, i));
    if (left == 0) break;
  }
  if (tracing) traceProfileEnd(pool, profile, picks);
  return picks;
}
