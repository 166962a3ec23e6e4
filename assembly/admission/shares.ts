// What flows have been given. Each flow has a sum of it, which loses half every half-life. The sum is over all workers
// of the gateway: what this one has given, what the others say they have, and, once, the highest level at which any of
// them let the flow begin.
//
// So that time passing changes no order, sums are kept as they would be worth at the band's `base`: what is given at t
// counts 2^((t - base) / half-life).

import { heapMoved, heapMovedAll } from "../memory/heap.ts";
import { Band, Flow, flowAt, flowSlots, touch } from "./flows.ts";
import { powerOfTwo } from "./power-of-two.ts";

/** A sum below this is as good as none. */
export const FORGOTTEN: f64 = 0.01;
/** Half-lives after which a band's base is moved, long before its sums leave their type's range. */
const REBASED: f64 = 200;

/** Makes the band's sums lose half in so many seconds from now on. */
export function setHalfLife(band: Band, halfLife: f64, now: u64): void {
  if (band.halfLife == halfLife) return;
  rebase(band, now);
  band.halfLife = halfLife;
}

/** What a flow has been given, as it counts now. */
export function givenTo(flow: Flow, now: u64): f64 {
  const unit = worth(flow.band, now); // may move the base, and all sums with it
  return flow.key / unit;
}

/** A flow has been given something, or, below 0, less than was said. */
export function give(flow: Flow, amount: f64, now: u64): void {
  const band = flow.band;
  const unit = worth(band, now);
  flow.given = max<f64>(flow.given + amount * unit, 0);
  touch(flow);
  settle(flow);
}

/** Another worker gives a flow something, of which it has not told yet. */
export function giveElsewhere(flow: Flow, amount: f64, now: u64): void {
  const unit = worth(flow.band, now);
  flow.givenElsewhere += amount * unit;
  settle(flow);
}

/** What another worker has given a flow, and the level at which it began there, as both counted at `then`. */
export function heardOf(flow: Flow, given: f64, raised: f64, then: u64, now: u64): void {
  worth(flow.band, now);
  const unit = unitAt(flow.band, then);
  flow.tellers++;
  flow.givenElsewhere += given * unit;
  flow.raisedElsewhere = max(flow.raisedElsewhere, raised * unit);
}

/** Forgets what other workers have told of a flow; settle() it afterwards. */
export function forgetElsewhere(flow: Flow): void {
  flow.tellers = 0;
  flow.waitsElsewhere = 0;
  flow.givenElsewhere = 0;
  flow.raisedElsewhere = 0;
}

/** Adds a flow's sum up again. */
export function settle(flow: Flow): void {
  flow.key = flow.given + flow.givenElsewhere + max(flow.raised, flow.raisedElsewhere);
  if (flow.place != 0) heapMoved(flow.band.active, flow);
}

/** How much one given now counts at the band's base, which may move for it, and all sums with it. */
export function worth(band: Band, now: u64): f64 {
  const halfLives = f64(i64(now - band.base)) / 1e6 / band.halfLife;
  if (halfLives > REBASED) rebase(band, now);
  return unitAt(band, now);
}

function unitAt(band: Band, then: u64): f64 {
  return powerOfTwo(f64(i64(then - band.base)) / 1e6 / band.halfLife);
}

// Sums that have become equal by vanishing may stand in another order than before.
function rebase(band: Band, now: u64): void {
  const left = powerOfTwo(-f64(now - band.base) / 1e6 / band.halfLife);
  for (let i: u32 = 0; i < flowSlots(); i++) {
    const flow = flowAt(i);
    if (changetype<usize>(flow.band) != changetype<usize>(band)) continue;
    flow.key *= left;
    flow.given *= left;
    flow.raised *= left;
    flow.givenElsewhere *= left;
    flow.raisedElsewhere *= left;
  }
  band.base = now;
  heapMovedAll(band.active);
}
