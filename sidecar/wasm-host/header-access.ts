import { writeHeaderPairs } from "./header-pairs.ts";

/** A header map as the filter's calls act on it. Names are in lower case. */
export interface HeaderAccess {
  /** The value; undefined where there is none. */
  get(name: string): string | undefined;
  /** Replaces all values by this one, or adds it. */
  set(name: string, value: string): void;
  delete(name: string): void;
  /** All pairs in the ABI's serialized form; the caller does not change it. */
  serialize(): Uint8Array;
}

/** Access to headers that are kept as a map. */
export class MapAccess implements HeaderAccess {
  readonly #map: Map<string, string>;

  constructor(map: Map<string, string>) {
    this.#map = map;
  }

  get(name: string): string | undefined {
    return this.#map.get(name);
  }

  set(name: string, value: string): void {
    this.#map.set(name, value);
  }

  delete(name: string): void {
    this.#map.delete(name);
  }

  serialize(): Uint8Array {
    return writeHeaderPairs(this.#map);
  }
}
