// Where the host puts what it returns (proxy_on_memory_allocate). Everything here lives until the next callback
// begins; nothing is freed one by one. What does not fit takes a block, which goes back at the reset.

import { giveBlock, takeBlock } from "./blocks.ts";

const BYTES: usize = 65536;
const base: usize = memory.data(65536, 16);
let top: usize = 0;
let overflow: usize = 0; // list of blocks: u32 next, u32 bytes, then the memory given out
const OVERFLOW_HEADER: usize = 8;

/** `bytes` bytes, aligned to 8, valid until the next resetArena. */
export function arenaAllocate(bytes: usize): usize {
  const aligned = (bytes + 7) & ~7;
  if (top + aligned <= BYTES) {
    const at = base + top;
    top += aligned;
    return at;
  }
  const block = takeBlock(aligned + OVERFLOW_HEADER);
  store<u32>(block, u32(overflow));
  store<u32>(block, u32(aligned + OVERFLOW_HEADER), 4);
  overflow = block;
  return block + OVERFLOW_HEADER;
}

/** Forgets all of it: the first act of every callback. */
export function resetArena(): void {
  top = 0;
  while (overflow != 0) {
    const next = load<u32>(overflow);
    giveBlock(overflow, load<u32>(overflow, 4));
    overflow = next;
  }
}
