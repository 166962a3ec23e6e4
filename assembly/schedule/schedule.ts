import { SAMPLE_AGE, SAMPLE_FLAGS, SAMPLE_KV_USAGE, SAMPLE_READY } from "../../wire/layout.ts";
import { estimate, estimatedQueue, estimatedRunning } from "../state/estimate.ts";
import { Pool } from "../state/pool.ts";
import { loadEndpoints, loadFreshFor, loadReceivedAt, sampleRow } from "../wire/load.ts";
import { profileFirstStep, profileRow, profileSteps, stepPlugin, stepRow, stepWeight } from "../wire/plan.ts";
import { addCandidate, candidates, clearCandidates } from "./candidates.ts";
import { pickRandom } from "./pickers/random.ts";
import { runPicker, runScorer } from "./plugins.ts";

/** Destinations for a request that no plan decides. */
const UNPLANNED: f64 = 3;

/**
 * Chooses endpoints for one request by the pool's plan; pickAt then gives roster rows, best first. The pool is
 * usable. `now` and `staleAfter` are microseconds. Returns how many there are, 0 where no endpoint takes requests.
 */
export function schedule(pool: Pool, now: u64, staleAfter: i64): u32 {
  gatherCandidates(pool, now, staleAfter);
  if (candidates() == 0) return 0;
  const profile = profileRow(pool.plan, 0);
  const last = profileFirstStep(profile) + profileSteps(profile) - 1;
  for (let i = profileFirstStep(profile); i < last; i++) {
    const step = stepRow(pool.plan, i);
    runScorer(stepPlugin(step), stepWeight(step));
  }
  const picker = stepRow(pool.plan, last);
  return runPicker(stepPlugin(picker), picker);
}

/** Any endpoints that take requests, for a request without a body to judge by. Returns as schedule does. */
export function scheduleAny(pool: Pool, now: u64, staleAfter: i64): u32 {
  gatherCandidates(pool, now, staleAfter);
  return pickRandom(UNPLANNED);
}

/**
 * Ready endpoints whose sample is fresh. Where there are none, or the sidecar has been silent for too long, samples
 * say nothing any more: then all ready endpoints, each with what is in flight there as its only figure.
 */
function gatherCandidates(pool: Pool, now: u64, staleAfter: i64): void {
  clearCandidates();
  const frame = pool.load;
  const count = loadEndpoints(frame);
  if (i64(now - loadReceivedAt(frame)) <= staleAfter) {
    const freshFor = loadFreshFor(frame);
    for (let i: u32 = 0; i < count; i++) {
      const sample = sampleRow(frame, i);
      if ((load<u32>(sample, SAMPLE_FLAGS) & SAMPLE_READY) == 0 || load<u32>(sample, SAMPLE_AGE) > freshFor) continue;
      estimate(pool.slot(i), sample);
      addCandidate(i, estimatedQueue, estimatedRunning, f64(load<f32>(sample, SAMPLE_KV_USAGE)));
    }
  }
  if (candidates() != 0) return;
  for (let i: u32 = 0; i < count; i++) {
    if ((load<u32>(sampleRow(frame, i), SAMPLE_FLAGS) & SAMPLE_READY) == 0) continue;
    const inFlight = f64(pool.slot(i).inFlight());
    addCandidate(i, inFlight, inFlight, 0);
  }
}
