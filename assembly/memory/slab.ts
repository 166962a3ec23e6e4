import { takeBlock } from "./blocks.ts";

const CHUNK_RECORDS: u32 = 256;
const MAX_CHUNKS: u32 = 4096; // a million records

/**
 * Records of one size at addresses that never move. A record given back serves the next taker; chunks are kept.
 * The first four bytes of a free record link to the next free one.
 */
@final
export class Slab {
  private chunks: usize;
  private count: u32 = 0; // records ever handed out
  private freed: usize = 0;

  /** @param bytes size of a record, at least 4. */
  constructor(private bytes: u32) {
    this.chunks = takeBlock(MAX_CHUNKS * 4);
  }

  /** Records that have ever stood at once: indices below this are valid for at(). */
  get size(): u32 {
    return this.count;
  }

  /** The record at an index, free or not. */
  at(index: u32): usize {
    const chunk = load<u32>(this.chunks + ((index / CHUNK_RECORDS) << 2));
    return chunk + (index % CHUNK_RECORDS) * this.bytes;
  }

  /** The index of a record of this slab. Looks through the chunks, so it is not for every request. */
  indexOf(record: usize): u32 {
    for (let first: u32 = 0; first < this.count; first += CHUNK_RECORDS) {
      const chunk = usize(load<u32>(this.chunks + ((first / CHUNK_RECORDS) << 2)));
      if (record >= chunk && record < chunk + CHUNK_RECORDS * this.bytes) {
        return first + u32((record - chunk) / this.bytes);
      }
    }
    return u32.MAX_VALUE;
  }

  /** A zeroed record, or 0 when a million stand. */
  take(): usize {
    let record = this.freed;
    if (record != 0) {
      this.freed = load<u32>(record);
    } else {
      const index = this.count;
      if (index >= CHUNK_RECORDS * MAX_CHUNKS) return 0;
      if (index % CHUNK_RECORDS == 0) {
        const chunk = takeBlock(CHUNK_RECORDS * this.bytes);
        store<u32>(this.chunks + ((index / CHUNK_RECORDS) << 2), u32(chunk));
      }
      this.count = index + 1;
      record = this.at(index);
    }
    memory.fill(record, 0, this.bytes);
    return record;
  }

  /** Gives a record back. It is zeroed but for its link, so that walkers by at() can tell it is free. */
  give(record: usize): void {
    memory.fill(record, 0, this.bytes);
    store<u32>(record, u32(this.freed));
    this.freed = record;
  }
}
