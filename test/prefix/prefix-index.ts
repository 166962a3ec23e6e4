// The compiled prefix index, by itself: test/assembly/prefix-module.ts with the filter's compiler settings.

import { compileAssembly } from "../harness/assembly-module.ts";

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly hashes: { readonly value: number };
  configurePrefixIndex(bytes: number): void;
  prefixReady(): number;
  setCapacity(slot: number, blocks: number): void;
  matchPrefix(hashes: number, count: number): void;
  matchInTurn(hashes: number, count: number, prompts: number, times: number): void;
  recordInTurn(hashes: number, count: number, prompts: number, slots: number): void;
  matched(slot: number): number;
  anyMatched(): number;
  recordPrefix(slot: number, hashes: number, count: number, from: number): number;
  forgetFrom(slot: number, hashes: number, count: number, from: number): void;
  dropEndpoint(slot: number): void;
  heldBlocks(slot: number): number;
  prefixUsage(): number;
  evicted(): number;
}

const start = await compileAssembly<Exports>("prefix-module.ts");

/** An index in a memory of its own. */
export class PrefixIndex {
  #exports: Exports;
  #at: number;

  /** @param bytes size of the table; left out, the index stays unconfigured. */
  constructor(bytes?: number) {
    this.#exports = start();
    this.#at = this.#exports.hashes.value;
    if (bytes !== undefined) this.configure(bytes);
  }

  configure(bytes: number): void {
    this.#exports.configurePrefixIndex(bytes);
  }

  get ready(): boolean {
    return this.#exports.prefixReady() !== 0;
  }

  get anyMatched(): boolean {
    return this.#exports.anyMatched() !== 0;
  }

  get usage(): number {
    return this.#exports.prefixUsage();
  }

  /** Pairs given up for want of room. */
  get evicted(): number {
    return this.#exports.evicted();
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  #put(hashes: readonly bigint[]): void {
    new BigUint64Array(this.#exports.memory.buffer, this.#at, hashes.length).set(hashes);
  }

  match(hashes: readonly bigint[]): void {
    this.#put(hashes);
    this.#exports.matchPrefix(this.#at, hashes.length);
  }

  /** `times` matches, of prompts of equal length in turn. */
  matchInTurn(prompts: readonly (readonly bigint[])[], times: number): void {
    this.#put(prompts.flat());
    this.#exports.matchInTurn(this.#at, prompts[0]!.length, prompts.length, times);
  }

  /** What records prompts of equal length, for the slots below `slots` in turn; no other call may come between. */
  recorder(prompts: readonly (readonly bigint[])[], slots: number): () => void {
    this.#put(prompts.flat());
    const count = prompts[0]!.length;
    return () => this.#exports.recordInTurn(this.#at, count, prompts.length, slots);
  }

  matched(slot: number): number {
    return this.#exports.matched(slot);
  }

  record(slot: number, hashes: readonly bigint[], from = 0): number {
    this.#put(hashes);
    return this.#exports.recordPrefix(slot, this.#at, hashes.length, from);
  }

  forget(slot: number, hashes: readonly bigint[], from = 0): void {
    this.#put(hashes);
    this.#exports.forgetFrom(slot, this.#at, hashes.length, from);
  }

  drop(slot: number): void {
    this.#exports.dropEndpoint(slot);
  }

  setCapacity(slot: number, blocks: number): void {
    this.#exports.setCapacity(slot, blocks);
  }

  held(slot: number): number {
    return this.#exports.heldBlocks(slot);
  }

  /** Whether the slot holds a block, whatever comes before it. */
  holds(slot: number, hash: bigint): boolean {
    this.match([hash]);
    return this.matched(slot) === 1;
  }
}
