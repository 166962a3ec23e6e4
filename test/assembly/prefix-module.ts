// The prefix index as a module of its own, for test/prefix and the bench: the filter does not export it.

import {
  anyMatched as anyMatchedNow,
  configurePrefixIndex,
  dropEndpoint,
  evicted as evictedNow,
  forgetFrom,
  heldBlocks,
  matched,
  matchPrefix,
  prefixReady,
  prefixUsage,
  recordPrefix,
  setCapacity,
} from "../../assembly/prefix/index.ts";

export {
  configurePrefixIndex,
  dropEndpoint,
  forgetFrom,
  heldBlocks,
  matched,
  matchPrefix,
  prefixReady,
  prefixUsage,
  recordPrefix,
  setCapacity,
};

/** Room for the hashes of a prompt: 64 KiB. */
export const hashes: usize = memory.data(65536, 16);

export function anyMatched(): bool {
  return anyMatchedNow;
}

export function evicted(): f64 {
  return f64(evictedNow);
}

/** `times` matches of `prompts` prompts in turn, so that a measurement is not of the calls into the module. */
export function matchInTurn(at: usize, count: u32, prompts: u32, times: u32): void {
  for (let i: u32 = 0; i < times; i++) matchPrefix(at + usize((i % prompts) * count) * 8, count);
}

/** Records `prompts` prompts, for the slots below `slots` in turn. */
export function recordInTurn(at: usize, count: u32, prompts: u32, slots: u32): void {
  for (let i: u32 = 0; i < prompts; i++) recordPrefix(i % slots, at + usize(i * count) * 8, count, 0);
}
