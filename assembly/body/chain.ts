import { xxh64 } from "../hash/xxh64.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";

const FIRST_CAPACITY: u32 = 8;
const scratch: usize = memory.data(4, 4);

/**
 * Bytes cut into blocks of one size, each block's xxh64 seeded with the one before (the first with 0):
 * a hash tells its block and all that stands before it.
 */
@unmanaged
@final
export class Chain {
  /** The last full block's hash; 0: there is none. */
  hash: u64;
  /** Address of the hashes, u64 each; 0: none yet. */
  list: usize;
  /** How many the list has room for. */
  capacity: u32;
  /** How many it has. */
  blocks: u32;
  /** Blocks after which nothing more is hashed. */
  limit: u32;
  /** Bytes of a block. */
  blockBytes: u32;
  /** Address of the block that is not full yet; 0: none was needed yet. */
  tail: usize;
  /** Bytes of it. */
  held: u32;
  unused: u32;
}

/** Makes a zeroed chain ready. */
export function startChain(chain: Chain, blockBytes: u32, limit: u32): void {
  chain.blockBytes = blockBytes;
  chain.limit = limit;
}

/** Takes in the next bytes. Blocks that lie whole in them are hashed in place. */
export function feedChain(chain: Chain, at: usize, length: u32): void {
  if (chain.blocks >= chain.limit) return;
  const size = chain.blockBytes;
  let held = chain.held;
  if (held > 0) {
    const part = min<u32>(length, size - held);
    copyShort(chain.tail + held, at, part);
    held += part;
    if (held < size) {
      chain.held = held;
      return;
    }
    addBlock(chain, chain.tail);
    at += part;
    length -= part;
  }
  for (; length >= size && chain.blocks < chain.limit; length -= size) {
    addBlock(chain, at);
    at += size;
  }
  chain.held = 0;
  if (length == 0 || chain.blocks >= chain.limit) return;
  copyShort(tailOf(chain), at, length);
  chain.held = length;
}

/** Takes in one byte. */
export function feedByte(chain: Chain, byte: u8): void {
  if (chain.blocks >= chain.limit) return;
  store<u8>(tailOf(chain) + chain.held, byte);
  if (++chain.held < chain.blockBytes) return;
  addBlock(chain, chain.tail);
  chain.held = 0;
}

/** Takes in four bytes, little-endian. */
export function feedWord(chain: Chain, word: u32): void {
  if (chain.blocks >= chain.limit) return;
  const held = chain.held;
  if (held + 4 > chain.blockBytes) {
    store<u32>(scratch, word);
    feedChain(chain, scratch, 4);
    return;
  }
  store<u32>(tailOf(chain) + held, word);
  chain.held = held + 4;
  if (held + 4 < chain.blockBytes) return;
  addBlock(chain, chain.tail);
  chain.held = 0;
}

/** The hash of all there was, with the bytes that fill no block; 0 where there was nothing. */
export function endOfChain(chain: Chain): u64 {
  if (chain.blocks == 0 && chain.held == 0) return 0;
  return xxh64(chain.tail, chain.held, chain.hash);
}

/** Makes room for a list of `count` hashes. */
export function growChain(chain: Chain, count: u32): void {
  if (count <= chain.capacity) return;
  let capacity = max<u32>(chain.capacity, FIRST_CAPACITY);
  while (capacity < count) capacity *= 2;
  const list = takeBlock(capacity << 3);
  memory.copy(list, chain.list, chain.blocks << 3);
  giveBlock(chain.list, chain.capacity << 3);
  chain.list = list;
  chain.capacity = capacity;
}

/** Gives the memory back of the block that is not full. */
export function dropTail(chain: Chain): void {
  giveBlock(chain.tail, chain.blockBytes);
  chain.tail = 0;
  chain.held = 0;
}

/** Gives all memory back. */
export function releaseChain(chain: Chain): void {
  dropTail(chain);
  giveBlock(chain.list, chain.capacity << 3);
  chain.list = 0;
  chain.capacity = 0;
}

function addBlock(chain: Chain, at: usize): void {
  const hash = xxh64(at, chain.blockBytes, chain.hash);
  const index = chain.blocks;
  if (index == chain.capacity) growChain(chain, index + 1);
  store<u64>(chain.list + (usize(index) << 3), hash);
  chain.hash = hash;
  chain.blocks = index + 1;
}

function tailOf(chain: Chain): usize {
  if (chain.tail == 0) chain.tail = takeBlock(chain.blockBytes);
  return chain.tail;
}

// Most pieces are a few words; a call of memory.copy costs more than these loops.
function copyShort(to: usize, from: usize, length: u32): void {
  if (length >= 128) {
    memory.copy(to, from, length);
    return;
  }
  for (; length >= 8; length -= 8) {
    store<u64>(to, load<u64>(from));
    to += 8;
    from += 8;
  }
  for (; length > 0; length--) store<u8>(to++, load<u8>(from++));
}
