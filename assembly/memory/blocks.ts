// Memory that outlives a callback: blocks in power-of-two sizes, each size with its own list of free ones.
// A block that grows is exchanged for the next size and its old memory serves another, so memory settles at the
// largest state seen and stays there.

const SMALLEST: i32 = 6; // 64 bytes
const LARGEST: i32 = 26; // 64 MiB, above every limit of the wire format
const free: usize = memory.data(32 * 4); // one list head per size; the link is a free block's first word

function sizeClass(bytes: usize): i32 {
  const bits = 32 - i32(clz<u32>(u32(bytes) - 1));
  return max(bits, SMALLEST);
}

/** Bytes that a block taken for `bytes` really has. */
export function blockCapacity(bytes: usize): usize {
  return usize(1) << sizeClass(max<usize>(bytes, 1));
}

/** A block of at least `bytes` bytes; its content is undefined. Traps above 64 MiB, which no caller may ask for. */
export function takeBlock(bytes: usize): usize {
  const size = sizeClass(max<usize>(bytes, 1));
  if (size > LARGEST) throw new RangeError("block too large");
  const head = free + (<usize>size << 2);
  const block = load<u32>(head);
  if (block != 0) {
    store<u32>(head, load<u32>(block));
    return block;
  }
  return heap.alloc(usize(1) << size);
}

/** Gives a block back; `bytes` is what it was taken for, or its capacity. */
export function giveBlock(block: usize, bytes: usize): void {
  if (block == 0) return;
  const head = free + (<usize>sizeClass(max<usize>(bytes, 1)) << 2);
  store<u32>(block, load<u32>(head));
  store<u32>(head, u32(block));
}
