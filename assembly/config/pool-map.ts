import { xxh64 } from "../hash/xxh64.ts";
import { takeBlock } from "../memory/blocks.ts";

/** Names that one configuration may give pools to. */
export const MAX_POOL_NAMES: u32 = 64;
const POOL_BYTES: usize = 256; // room for a pool's name, of at most 253

@unmanaged
@final
class Row {
  /** xxh64 of the cluster's or route's name. */
  name: u64;
  /** xxh64 of the pool's name. */
  pool: u64;
  /** Where the pool's name stands. */
  at: usize;
  length: u32;
}

/** Which pool a cluster or route belongs to: the `pools` of a configuration. Its memory comes with the first entry. */
@final
export class PoolMap {
  private rows: usize = 0;
  private names: usize = 0;
  private count: u32 = 0;

  /** How many names there are. */
  get size(): u32 {
    return this.count;
  }

  clear(): void {
    this.count = 0;
  }

  /** Gives a name its pool. The caller keeps to MAX_POOL_NAMES, 253 bytes of a pool's name, and to each name once. */
  add(nameAt: usize, nameLength: u32, poolAt: usize, poolLength: u32): void {
    if (this.rows == 0) {
      this.rows = takeBlock(usize(MAX_POOL_NAMES) * offsetof<Row>());
      this.names = takeBlock(usize(MAX_POOL_NAMES) * POOL_BYTES);
    }
    const row = this.row(this.count);
    row.name = xxh64(nameAt, nameLength);
    row.pool = xxh64(poolAt, poolLength);
    row.at = this.names + usize(this.count) * POOL_BYTES;
    row.length = poolLength;
    memory.copy(row.at, poolAt, poolLength);
    this.count++;
  }

  /** The place of a name; -1 where it has no pool. */
  find(nameAt: usize, nameLength: u32): i32 {
    const name = xxh64(nameAt, nameLength);
    for (let i: u32 = 0; i < this.count; i++) {
      if (this.row(i).name == name) return i32(i);
    }
    return -1;
  }

  /** Key of the pool at a place. */
  pool(place: u32): u64 {
    return this.row(place).pool;
  }

  /** Where the pool's name stands, and its bytes. */
  poolAt(place: u32): usize {
    return this.row(place).at;
  }
  poolLength(place: u32): u32 {
    return this.row(place).length;
  }

  @inline
  private row(index: u32): Row {
    return changetype<Row>(this.rows + usize(index) * offsetof<Row>());
  }
}
