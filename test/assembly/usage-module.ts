// The reader of usage figures with nothing else, as a module for test/response.

import { releaseUsage, scanUsage, takeUsage, UsageScan } from "../../assembly/response/usage.ts";

export { releaseUsage, scanUsage, takeUsage };

/** Makes the memory larger; what is new is nobody's. */
export function growMemory(pages: i32): void {
  memory.grow(pages);
}

export function promptOf(scan: UsageScan): u32 {
  return scan.prompt;
}

export function completionOf(scan: UsageScan): u32 {
  return scan.completion;
}

export function cachedOf(scan: UsageScan): u32 {
  return scan.cached;
}

export function seenOf(scan: UsageScan): u32 {
  return scan.seen;
}

export function chunksOf(scan: UsageScan): u32 {
  return scan.chunks;
}

export function finishOf(scan: UsageScan): u32 {
  return scan.finish;
}

/** Scans the same bytes `rounds` times: what a scan costs without calls from outside. */
export function scanAgain(scan: UsageScan, at: usize, length: u32, rounds: u32): void {
  for (let round: u32 = 0; round < rounds; round++) scanUsage(scan, at, length);
}
