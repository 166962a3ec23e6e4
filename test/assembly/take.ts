import { Pool } from "../../assembly/state/pool.ts";

/** Gives a pool a roster and the load that belongs to it. */
export function take(pool: Pool, roster: usize, rosterLength: u32, load: usize, loadLength: u32): void {
  pool.setRoster(roster, rosterLength);
  pool.setLoad(load, loadLength);
}
