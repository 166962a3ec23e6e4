// What the prefix index is held to: the same rule of generations, said with sets, and true LRU.

const DEFAULT_CAPACITY = 31250;
const GENERATIONS = 64;

/** One slot: its generations, oldest first, each the set of blocks last touched in it. */
class ModelSlot {
  capacity = DEFAULT_CAPACITY;
  generations: Set<bigint>[] = [new Set()];

  get held(): number {
    return this.generations.reduce((sum, { size }) => sum + size, 0);
  }

  has(block: bigint): boolean {
    return this.generations.some((generation) => generation.has(block));
  }

  remove(block: bigint): void {
    for (const generation of this.generations) generation.delete(block);
  }

  touch(block: bigint): void {
    const current = this.generations.at(-1)!;
    if (current.has(block)) return;
    this.remove(block);
    current.add(block);
    if (current.size >= Math.max(1, Math.floor(this.capacity / 8))) this.#open();
    this.shrink();
  }

  shrink(): void {
    while (this.held > this.capacity) {
      if (this.generations.length === 1) this.#open();
      this.generations.shift();
    }
  }

  #open(): void {
    if (this.generations.length === GENERATIONS) this.generations.shift();
    this.generations.push(new Set());
  }

  copy(): ModelSlot {
    const copy = new ModelSlot();
    copy.capacity = this.capacity;
    copy.generations = this.generations.map((generation) => new Set(generation));
    return copy;
  }
}

/** An index without bounds of its own: what it forgets, it forgets by the slots' capacities. */
export class Model {
  #slots = new Map<number, ModelSlot>();

  slot(slot: number): ModelSlot {
    let found = this.#slots.get(slot);
    if (found === undefined) {
      found = new ModelSlot();
      this.#slots.set(slot, found);
    }
    return found;
  }

  holds(slot: number, block: bigint): boolean {
    return this.#slots.get(slot)?.has(block) ?? false;
  }

  held(slot: number): number {
    return this.#slots.get(slot)?.held ?? 0;
  }

  holders(block: bigint): number[] {
    return [...this.#slots].filter(([, slot]) => slot.has(block)).map(([number]) => number);
  }

  matched(slot: number, blocks: readonly bigint[]): number {
    const missing = blocks.findIndex((block) => !this.holds(slot, block));
    return missing < 0 ? blocks.length : missing;
  }

  /** The last block first; returns the index of the first that was new. */
  record(slot: number, blocks: readonly bigint[], from = 0): number {
    let firstNew = blocks.length;
    for (let i = blocks.length - 1; i >= from; i--) {
      if (!this.holds(slot, blocks[i]!)) firstNew = i;
      this.slot(slot).touch(blocks[i]!);
    }
    return firstNew;
  }

  forget(slot: number, blocks: readonly bigint[], from = 0): void {
    for (const block of blocks.slice(from)) this.#slots.get(slot)?.remove(block);
  }

  drop(slot: number): void {
    this.#slots.delete(slot);
  }

  setCapacity(slot: number, capacity: number): void {
    this.slot(slot).capacity = capacity;
    this.slot(slot).shrink();
  }
}

/** True least recently used, of one slot. */
export class Lru {
  #blocks = new Set<bigint>();
  #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  touch(block: bigint): void {
    this.#blocks.delete(block);
    this.#blocks.add(block);
    if (this.#blocks.size > this.#capacity) this.#blocks.delete(this.#blocks.values().next().value!);
  }

  /** Blocks held, the one touched last first. */
  latest(): bigint[] {
    return [...this.#blocks].reverse();
  }
}
