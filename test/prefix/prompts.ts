// Seeded prompts: a tree whose nodes are blocks, so that prompts share beginnings as chats and system prompts do.

/** Numbers below a bound, from a seed: mulberry32. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** 32 bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  }

  below(bound: number): number {
    return this.bits() % bound;
  }

  oneOf<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  hash(): bigint {
    return (BigInt(this.bits()) << 32n) | BigInt(this.bits());
  }

  /** `count` hashes. */
  hashes(count: number): bigint[] {
    return Array.from({ length: count }, () => this.hash());
  }
}

/** A tree of `nodes` blocks, at most `depth` deep. Nodes that come early have the most below them. */
export class Prompts {
  readonly blocks: bigint[] = [];
  #paths: bigint[][] = [];

  constructor(dice: Dice, nodes: number, depth: number) {
    for (let i = 0; i < nodes; i++) {
      const parent = i < 3 ? [] : dice.oneOf(this.#paths);
      const block = dice.hash();
      this.blocks.push(block);
      this.#paths.push([...(parent.length < depth ? parent : []), block]);
    }
  }

  /** Some prompt's hashes. */
  one(dice: Dice): bigint[] {
    return dice.oneOf(this.#paths);
  }
}
