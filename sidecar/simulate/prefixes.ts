import { TOKENS_PER_ID, type TraceRequest } from "./trace.ts";

/**
 * The prompts of a trace as a tree of prefixes, cut into blocks of an engine's size. Two prompts share a block where
 * all ids up to it are equal; what follows a first difference is never shared, even where ids come back.
 */
export class Prefixes {
  /** Tokens per block. */
  readonly blockSize: number;
  /** Distinct full blocks of all prompts. */
  readonly distinctBlocks: number;
  /** Per request, the prompt tokens that one cache would have that all requests share and that forgets nothing. */
  readonly possibleHits: readonly number[];
  readonly #requests: readonly TraceRequest[];
  /** Per request, the tree's node of each id. */
  readonly #nodes: readonly Int32Array[];

  /** @param blockSize divides TOKENS_PER_ID. */
  constructor(requests: readonly TraceRequest[], blockSize: number) {
    this.blockSize = blockSize;
    this.#requests = requests;
    const children = new Map<string, number>();
    this.#nodes = requests.map(({ hashIds }) => {
      let parent = -1;
      return Int32Array.from(hashIds, (id) => {
        const key = `${parent} ${id}`;
        parent = children.get(key) ?? children.size;
        children.set(key, parent);
        return parent;
      });
    });
    const seen = new Int32Array(children.size);
    this.possibleHits = requests.map((_, index) => this.#remember(index, seen));
    this.distinctBlocks = seen.reduce((sum, blocks) => sum + blocks, 0);
  }

  /** A number per full block of a request's prompt: equal numbers mean equal prefixes. */
  blocksOf(request: number): Float64Array {
    const { promptTokens } = this.#requests[request]!;
    const perNode = TOKENS_PER_ID / this.blockSize;
    const nodes = this.#nodes[request]!;
    const blocks = new Float64Array(Math.floor(promptTokens / this.blockSize));
    for (let i = 0; i < blocks.length; i++) blocks[i] = nodes[Math.floor(i / perNode)]! * perNode + (i % perNode);
    return blocks;
  }

  /**
   * Puts a prompt into the cache that forgets nothing, and returns its hits in tokens. As in the engine, the last
   * prompt token is never a hit.
   * @param seen per node, how many of its blocks the cache has: always the leading ones.
   */
  #remember(request: number, seen: Int32Array): number {
    const { promptTokens } = this.#requests[request]!;
    const perNode = TOKENS_PER_ID / this.blockSize;
    let left = Math.floor(promptTokens / this.blockSize);
    let hits = 0;
    let unbroken = true;
    for (const node of this.#nodes[request]!) {
      const blocks = Math.min(left, perNode);
      const known = Math.min(seen[node]!, blocks);
      if (unbroken) hits += known;
      unbroken &&= known === perNode;
      seen[node] = Math.max(seen[node]!, blocks);
      left -= blocks;
    }
    return Math.min(hits, Math.floor((promptTokens - 1) / this.blockSize)) * this.blockSize;
  }
}
