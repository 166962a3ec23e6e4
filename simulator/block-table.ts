/** No slot. */
export const NONE = -1;

/**
 * A hash table of up to `capacity` distinct numbers, each in a slot 0..capacity-1 of its own, by chaining. A long
 * prompt takes thousands of look-ups, and a Map of doubles would spend most of the simulator's time on garbage.
 */
export class BlockTable {
  readonly #hashes: Float64Array;
  /** First slot of each bucket, and for each slot the next of its bucket; NONE at the end. */
  readonly #buckets: Int32Array;
  readonly #next: Int32Array;
  readonly #mask: number;
  /** Slots without a hash: a stack. */
  readonly #free: Int32Array;
  #size = 0;

  constructor(capacity: number) {
    const buckets = 2 ** Math.ceil(Math.log2(capacity + 1));
    this.#hashes = new Float64Array(capacity);
    this.#buckets = new Int32Array(buckets).fill(NONE);
    this.#next = new Int32Array(capacity);
    this.#mask = buckets - 1;
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
  }

  /** Hashes in the table. */
  get size(): number {
    return this.#size;
  }

  /** The slot of a hash, or NONE. */
  find(hash: number): number {
    let slot = this.#buckets[hash & this.#mask]!;
    while (slot !== NONE && this.#hashes[slot] !== hash) slot = this.#next[slot]!;
    return slot;
  }

  /** Puts in a hash that is not there yet, and returns its slot. There must be room. */
  add(hash: number): number {
    this.#size++;
    const slot = this.#free[this.#free.length - this.#size]!;
    const bucket = hash & this.#mask;
    this.#hashes[slot] = hash;
    this.#next[slot] = this.#buckets[bucket]!;
    this.#buckets[bucket] = slot;
    return slot;
  }

  /** Takes out what is in a slot, which must be in use. */
  remove(slot: number): void {
    const bucket = this.#hashes[slot]! & this.#mask;
    let before = NONE;
    let at = this.#buckets[bucket]!;
    while (at !== slot) {
      before = at;
      at = this.#next[at]!;
    }
    if (before === NONE) this.#buckets[bucket] = this.#next[slot]!;
    else this.#next[before] = this.#next[slot]!;
    this.#free[this.#free.length - this.#size] = slot;
    this.#size--;
  }
}
