// How prompts of a pool are cut into blocks, and how many of them an endpoint remembers: by the plan, or by what the
// engines say of themselves.

import {
  LEAST_ENGINE_BLOCK_TOKENS, MAX_BLOCK_TOKENS, SAMPLE_BLOCK_COUNT, SAMPLE_BLOCK_SIZE,
} from "../../wire/layout.ts";
import { Pool } from "../state/pool.ts";
import { loadEndpoints, sampleRow } from "../wire/load.ts";
import { planBlockTokens, planLruBlocks } from "../wire/plan.ts";
import { setCapacity } from "./index.ts";

/** What a token is taken for where nobody tokenizes: the reference's estimate. */
export const BYTES_PER_TOKEN: u32 = 4;
const DEFAULT_CAPACITY: u32 = 31250;

/** Tokens per prompt block of the pool. */
export function promptBlockTokens(pool: Pool): u32 {
  const planned = planBlockTokens(pool.plan);
  if (planned != 0) return planned;
  const count = loadEndpoints(pool.load);
  for (let i: u32 = 0; i < count; i++) {
    const size = load<u32>(sampleRow(pool.load, i), SAMPLE_BLOCK_SIZE);
    if (size != 0) return min<u32>(max<u32>(size, LEAST_ENGINE_BLOCK_TOKENS), MAX_BLOCK_TOKENS);
  }
  return LEAST_ENGINE_BLOCK_TOKENS;
}

/** Tells the index how many blocks each endpoint of the pool remembers. The pool is usable. */
export function applyCapacities(pool: Pool): void {
  const planned = planLruBlocks(pool.plan);
  const blockTokens = promptBlockTokens(pool);
  const count = loadEndpoints(pool.load);
  for (let i: u32 = 0; i < count; i++) {
    let capacity = planned;
    if (capacity == 0) {
      const sample = sampleRow(pool.load, i);
      const tokens = u64(load<u32>(sample, SAMPLE_BLOCK_SIZE)) * u64(load<u32>(sample, SAMPLE_BLOCK_COUNT));
      capacity = tokens == 0 ? DEFAULT_CAPACITY : u32(min<u64>(tokens / u64(blockTokens), u32.MAX_VALUE));
    }
    const slot = pool.slot(i);
    setCapacity(slot.number, max<u32>(u32(f64(capacity) * f64(slot.trust)), 1));
  }
}
