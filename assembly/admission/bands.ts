// The bands of a queue: one for each priority of which anything is known, the highest first.

import { Band, giveBand, takeBand } from "./flows.ts";
import { Queue } from "./queue.ts";
import { setHalfLife } from "./shares.ts";

/** The queue's band of a priority; null where nothing is known of it. */
export function findBand(queue: Queue, priority: i32): Band | null {
  for (let at = queue.bands; at != 0; at = changetype<Band>(at).next) {
    const band = changetype<Band>(at);
    if (band.priority == priority) return band;
    if (band.priority < priority) return null;
  }
  return null;
}

/** The queue's band of a priority, made if need be, whose sums lose half in so many seconds. Null: no room. */
export function bandOf(queue: Queue, priority: i32, halfLife: f64, now: u64): Band | null {
  let before: usize = 0;
  let at = queue.bands;
  while (at != 0 && changetype<Band>(at).priority > priority) {
    before = at;
    at = changetype<Band>(at).next;
  }
  if (at != 0 && changetype<Band>(at).priority == priority) {
    setHalfLife(changetype<Band>(at), halfLife, now);
    return changetype<Band>(at);
  }
  const band = takeBand(priority, halfLife, now);
  if (band === null) return null;
  band.queue = changetype<usize>(queue);
  band.next = at;
  if (before == 0) queue.bands = changetype<usize>(band);
  else changetype<Band>(before).next = changetype<usize>(band);
  return band;
}

/** Forgets the bands that have no flows. */
export function forgetBands(queue: Queue): void {
  let before: usize = 0;
  for (let at = queue.bands; at != 0; ) {
    const band = changetype<Band>(at);
    at = band.next;
    if (band.flows != 0) {
      before = changetype<usize>(band);
      continue;
    }
    if (before == 0) queue.bands = at;
    else changetype<Band>(before).next = at;
    giveBand(band);
  }
}
