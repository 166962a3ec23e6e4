// The latency model with nothing else, as a module for test/latency and the bench.

import {
  dropModel,
  observeTpot,
  observeTtft,
  predictTpot,
  predictTtft,
  ttftObservations,
} from "../../assembly/latency/model.ts";

export {
  dropModel,
  observeTpot,
  observeTtft,
  predictTpot,
  predictTtft,
  ttftObservations,
};

/** Predicts for the slots below `slots`, `rounds` times: what predictions cost without calls from outside. */
export function predictAll(slots: u32, rounds: u32): f64 {
  let sum: f64 = 0;
  for (let round: u32 = 0; round < rounds; round++) {
    for (let slot: u32 = 0; slot < slots; slot++) {
      sum += predictTtft(slot, f64(slot & 1023), 3000, f64(round & 3), 8, 0.5);
    }
  }
  return sum;
}
