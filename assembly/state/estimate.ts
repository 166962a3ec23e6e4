// Scrapes show a pod as it was; requests started and ended since then are known here exactly. The estimate joins
// the two, so that picks between two scrapes do not all run to the pod that looked best in the last one.
//
//   seen   = waiting + running at the sample
//   change = requests in flight now - requests in flight when the sample came
//   total  = max(seen + change, in flight now)      a pod has at least what we ourselves have there
//   unseen = total - seen
//
// Unseen requests count as running and as waiting, since nothing says yet which they are; requests that have ended
// leave the queue first, then the running ones.

import { SAMPLE_RUNNING, SAMPLE_WAITING } from "../../wire/layout.ts";
import { Slot } from "./slots.ts";

/** Results of the last estimate: requests waiting and running at the endpoint. */
export let estimatedQueue: f64 = 0;
export let estimatedRunning: f64 = 0;

/** Estimates an endpoint's queue and running requests from its sample and what is in flight there. */
export function estimate(slot: Slot, sample: usize): void {
  const waiting = f64(load<u32>(sample, SAMPLE_WAITING));
  const running = f64(load<u32>(sample, SAMPLE_RUNNING));
  const inFlight = f64(slot.inFlight());
  const total = max<f64>(waiting + running + (inFlight - f64(slot.baseline)), inFlight);
  const unseen = total - (waiting + running);
  if (unseen >= 0) {
    estimatedQueue = waiting + unseen;
    estimatedRunning = running + unseen;
  } else {
    estimatedQueue = max<f64>(waiting + unseen, 0);
    estimatedRunning = max<f64>(running + min<f64>(waiting + unseen, 0), 0);
  }
}
