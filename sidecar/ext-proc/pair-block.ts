import type { HeaderAccess } from "../wasm-host/header-access.ts";
import { readHeaderPairs, writeHeaderPairs } from "../wasm-host/header-pairs.ts";

/**
 * Headers in the ABI's serialized form, and what the filter changes in them. They go from the gateway to the filter
 * without ever being strings; only what is asked for by name becomes one.
 */
export class PairBlock implements HeaderAccess {
  readonly #bytes: Buffer;
  /** Undefined: removed. */
  readonly changes = new Map<string, string | undefined>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether the headers came with this one, whatever has become of it. */
  came(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  get(name: string): string | undefined {
    return this.changes.has(name) ? this.changes.get(name) : this.#find(name);
  }

  set(name: string, value: string): void {
    this.changes.set(name, value);
  }

  delete(name: string): void {
    this.changes.set(name, undefined);
  }

  serialize(): Uint8Array {
    if (this.changes.size === 0) return this.#bytes;
    const kept = readHeaderPairs(this.#bytes).filter(([name]) => !this.changes.has(name));
    for (const [name, value] of this.changes) if (value !== undefined) kept.push([name, value]);
    return writeHeaderPairs(kept);
  }

  // The first value of a name: its pair is looked for by lengths first.
  #find(name: string): string | undefined {
    const bytes = this.#bytes;
    const count = bytes.readUInt32LE(0);
    let at = 4 + count * 8;
    for (let i = 0; i < count; i++) {
      const nameLength = bytes.readUInt32LE(4 + i * 8);
      const valueLength = bytes.readUInt32LE(8 + i * 8);
      if (nameLength === name.length && bytes.toString("latin1", at, at + nameLength) === name) {
        const from = at + nameLength + 1;
        return bytes.toString("utf8", from, from + valueLength);
      }
      at += nameLength + valueLength + 2;
    }
    return undefined;
  }
}
