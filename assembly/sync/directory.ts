// The directory says which pools there are and, by generation, which of their frames have changed. It is one value in
// shared data, written by the elected worker, read by all:
//
//   header: u64 epoch, u32 pools, u32 1 once the sidecar has named all that are wanted, until then 0
//   entry:  u64 pool key, u64 roster generation, u64 load generation, u64 plan generation, u64 policy generation
//
// A generation is the epoch at which the frame was published. The epoch stands alone under a key of its own too, so
// that a request reads 8 bytes to learn that nothing has moved.

import { MAX_POOLS } from "../../wire/layout.ts";

export const DIRECTORY_HEADER: usize = 16;
export const ENTRY_BYTES: usize = 40;
export const DIRECTORY_MAX: usize = 40976; // header and MAX_POOLS entries

@unmanaged
@final
export class DirectoryEntry {
  pool: u64;
  roster: u64;
  load: u64;
  plan: u64;
  policy: u64;
}

/** The entry at an index. */
@inline
export function entryAt(directory: usize, index: u32): DirectoryEntry {
  return changetype<DirectoryEntry>(directory + DIRECTORY_HEADER + usize(index) * ENTRY_BYTES);
}

/** Whether `length` bytes are a directory. */
export function isDirectory(directory: usize, length: u32): bool {
  if (length < u32(DIRECTORY_HEADER)) return false;
  const pools = directoryPools(directory);
  return pools <= u32(MAX_POOLS) && u64(length) == u64(DIRECTORY_HEADER) + u64(pools) * ENTRY_BYTES;
}

@inline
export function directoryEpoch(directory: usize): u64 {
  return load<u64>(directory);
}

@inline
export function directoryPools(directory: usize): u32 {
  return load<u32>(directory, 8);
}

/** Whether all pools that are wanted have been named: what is not here is not there. */
@inline
export function directorySynced(directory: usize): bool {
  return load<u32>(directory, 12) != 0;
}

export function setDirectorySynced(directory: usize, synced: bool): void {
  store<u32>(directory, synced ? 1 : 0, 12);
}
