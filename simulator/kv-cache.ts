import { BlockTable, NONE } from "./block-table.ts";

/** The blocks that one running sequence holds. */
export type Lease = {
  /** A slot per full prompt block, in the prompt's order; shared with every sequence that has the same prefix. */
  readonly slots: Int32Array;
  /** Blocks for the prompt's incomplete end and for the output: counted, never shared. */
  readonly privateBlocks: number;
  /** Leading blocks whose content was there already. */
  readonly hits: number;
};

/**
 * The KV cache of one engine: `capacity` blocks, shared by prefix. A block in use is pinned. One that is no longer
 * used keeps its content until the space is needed; the least recently used goes first, and within one sequence
 * the end of the prompt goes before its start, so that what remains is always a usable prefix.
 */
export class KvCache {
  readonly capacity: number;
  readonly #table: BlockTable;
  readonly #references: Int32Array;
  /** The idle slots as a ring, from the oldest to the newest; slot `capacity` is where it begins and ends. */
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  #private = 0;
  #idle = 0;

  /** `capacity`: blocks, at least 1. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#table = new BlockTable(capacity);
    this.#references = new Int32Array(capacity);
    this.#newer = new Int32Array(capacity + 1).fill(capacity);
    this.#older = new Int32Array(capacity + 1).fill(capacity);
  }

  /** Blocks that running sequences hold. */
  get pinned(): number {
    return this.#table.size - this.#idle + this.#private;
  }

  /** Blocks whose content a new prompt could reuse, pinned or not. */
  get cached(): number {
    return this.#table.size;
  }

  /** Share of the blocks that are pinned, 0..1. Idle cached blocks count as free, as they do in vLLM. */
  get usage(): number {
    return this.pinned / this.capacity;
  }

  /**
   * Takes blocks for a sequence: one per hash, shared where the cache has it, and `privateBlocks` more. At most the
   * first `reusable` blocks count as hits. Evicts idle blocks where it must. Null, with nothing changed, when the
   * blocks that are not pinned are too few.
   */
  acquire(hashes: ArrayLike<number>, privateBlocks: number, reusable: number): Lease | null {
    const slots = new Int32Array(hashes.length);
    let missing = 0;
    let idle = 0;
    let hits = 0;
    for (let i = 0; i < hashes.length; i++) {
      const slot = this.#table.find(hashes[i]!);
      slots[i] = slot;
      if (slot === NONE) missing++;
      else if (this.#references[slot] === 0) idle++;
      if (slot !== NONE && hits === i && i < reusable) hits++;
    }
    if (this.pinned + idle + missing + privateBlocks > this.capacity) return null;

    // Pin what is there before anything is evicted, or the eviction could take it.
    for (const slot of slots) if (slot !== NONE) this.#pin(slot);
    this.#private += privateBlocks;
    while (this.#table.size + missing + this.#private > this.capacity) this.#evictOldest();
    for (let i = 0; i < slots.length; i++) if (slots[i] === NONE) slots[i] = this.#add(hashes[i]!);
    return { slots, privateBlocks, hits };
  }

  /** Gives a sequence's blocks back; their content stays until its space is needed. */
  release(lease: Lease): void {
    this.#private -= lease.privateBlocks;
    for (let i = lease.slots.length - 1; i >= 0; i--) {
      const slot = lease.slots[i]!;
      if (--this.#references[slot]! > 0) continue;
      this.#idle++;
      const newest = this.#older[this.capacity]!;
      this.#newer[newest] = slot;
      this.#older[slot] = newest;
      this.#newer[slot] = this.capacity;
      this.#older[this.capacity] = slot;
    }
  }

  #pin(slot: number): void {
    if (this.#references[slot]!++ === 0) this.#unlink(slot);
  }

  #add(hash: number): number {
    // The same hash may stand twice in one prompt: a chained hash does not repeat, a caller's own numbering may.
    const present = this.#table.find(hash);
    const slot = present === NONE ? this.#table.add(hash) : present;
    this.#references[slot]!++;
    return slot;
  }

  #evictOldest(): void {
    const oldest = this.#newer[this.capacity]!;
    this.#unlink(oldest);
    this.#table.remove(oldest);
  }

  #unlink(slot: number): void {
    this.#idle--;
    this.#newer[this.#older[slot]!] = this.#newer[slot]!;
    this.#older[this.#newer[slot]!] = this.#older[slot]!;
  }
}
