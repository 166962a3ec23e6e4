// Scrapes show a pod as it was; requests started and ended since then are known here exactly. The estimate joins
// the two, so that picks between two scrapes do not all run to the pod that looked best in the last one.
//
//   seen   = waiting + running at the sample
//   change = requests in flight now - requests in flight when the sample came
//   total  = max(seen + change, in flight now)      a pod has at least what we ourselves have there
//   unseen = total - seen
//
// An engine that had nobody waiting had room, so unseen requests run there, up to the limit: as many as ran there then,
// or as run on the fullest engine that has a queue. Those beyond it wait. Where some waited already, the unseen ones
// wait behind them. All of them count as running too, since they may have come to run meanwhile. Requests that have
// ended leave the queue first, then the running ones.

import { SAMPLE_RUNNING, SAMPLE_WAITING } from "../../wire/layout.ts";
import { Slot } from "./slots.ts";

/** Results of the last estimate: requests waiting and running at the endpoint. */
export let estimatedQueue: f64 = 0;
export let estimatedRunning: f64 = 0;

/**
 * Estimates an endpoint's queue and running requests from its sample and what is in flight there.
 * @param limit requests that an engine runs at most, Infinity where no engine has a queue.
 */
export function estimate(slot: Slot, sample: usize, limit: f64): void {
  const waiting = f64(load<u32>(sample, SAMPLE_WAITING));
  const running = f64(load<u32>(sample, SAMPLE_RUNNING));
  const inFlight = f64(slot.inFlight());
  const total = max<f64>(waiting + running + (inFlight - f64(slot.baseline)), inFlight);
  const unseen = total - (waiting + running);
  if (unseen >= 0) {
    estimatedQueue = waiting > 0 ? waiting + unseen : max<f64>(total - max<f64>(limit, running), 0);
    estimatedRunning = running + unseen;
  } else {
    estimatedQueue = max<f64>(waiting + unseen, 0);
    estimatedRunning = max<f64>(running + min<f64>(waiting + unseen, 0), 0);
  }
}
