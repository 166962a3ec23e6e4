import { SAMPLE_AGE, SAMPLE_FLAGS, SAMPLE_KV_USAGE, SAMPLE_READY } from "../../wire/layout.ts";
import { estimate, estimatedQueue, estimatedRunning } from "../state/estimate.ts";
import { Pool } from "../state/pool.ts";
import { loadEndpoints, loadFreshFor, loadReceivedAt, sampleRow } from "../wire/load.ts";
import { addCandidate, candidates, clearCandidates } from "./candidates.ts";
import { allowed } from "./subset.ts";

/**
 * Makes candidates of the ready endpoints that the request may be sent to and whose sample is fresh. Where there are
 * none, or the sidecar has been silent for too long, samples say nothing any more: then all ready endpoints, each
 * with what is in flight there as its only figure. `now` and `staleAfter` are microseconds.
 */
export function gatherCandidates(pool: Pool, now: u64, staleAfter: i64): void {
  clearCandidates();
  const frame = pool.load;
  const count = loadEndpoints(frame);
  if (i64(now - loadReceivedAt(frame)) <= staleAfter) {
    const freshFor = loadFreshFor(frame);
    const limit = pool.batchLimit;
    for (let i: u32 = 0; i < count; i++) {
      const sample = sampleRow(frame, i);
      if ((load<u32>(sample, SAMPLE_FLAGS) & SAMPLE_READY) == 0 || load<u32>(sample, SAMPLE_AGE) > freshFor) continue;
      if (!allowed(pool, i)) continue;
      const slot = pool.slot(i);
      estimate(slot, sample, limit);
      addCandidate(i, slot, estimatedQueue, estimatedRunning, f64(load<f32>(sample, SAMPLE_KV_USAGE)));
    }
  }
  if (candidates() != 0) return;
  for (let i: u32 = 0; i < count; i++) {
    if ((load<u32>(sampleRow(frame, i), SAMPLE_FLAGS) & SAMPLE_READY) == 0 || !allowed(pool, i)) continue;
    const slot = pool.slot(i);
    const inFlight = f64(slot.inFlight());
    addCandidate(i, slot, inFlight, inFlight, 0);
  }
}
