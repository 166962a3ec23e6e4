import { addScore, candidates, candidateSlot } from "../candidates.ts";

/**
 * active-request-scorer: idle endpoints first. With n requests in flight there, at most `idleThreshold`: 1; else
 * (max - n) / max x `maxBusyScore`, max being the candidates' most. Range 0..1. Missing value: an endpoint of which
 * nothing is known has nothing in flight.
 */
export function scoreActiveRequest(weight: f64, idleThreshold: f64, maxBusyScore: f64): void {
  const idle = max<f64>(idleThreshold, 0);
  let most: f64 = 0;
  for (let i: u32 = 0; i < candidates(); i++) most = max<f64>(most, f64(candidateSlot(i).inFlight()));
  for (let i: u32 = 0; i < candidates(); i++) {
    const active = f64(candidateSlot(i).inFlight());
    addScore(i, active <= idle ? 1 : ((most - active) / most) * maxBusyScore, weight);
  }
}
