/** A value and the number that guards its next write. */
export interface SharedValue {
  readonly value: Uint8Array;
  readonly cas: number;
}

/**
 * What Envoy calls shared data: one map for all VMs of one vm_id. Writes with cas 0 always succeed, others only where
 * nobody has written since the value was read.
 */
export class SharedData {
  readonly #values = new Map<string, SharedValue>();
  #lastCas = 0;

  /** The key's value; undefined where there is none. Keys are binary, one character per byte. */
  get(key: string): SharedValue | undefined {
    return this.#values.get(key);
  }

  /** Writes a copy of the value. False: `cas` is neither 0 nor that of the present value. */
  set(key: string, value: Uint8Array, cas: number): boolean {
    if (cas !== 0 && this.#values.get(key)?.cas !== cas) return false;
    this.#lastCas = this.#lastCas === 0xffffffff ? 1 : this.#lastCas + 1;
    this.#values.set(key, { value: value.slice(), cas: this.#lastCas });
    return true;
  }

  /** Keys present, for inspection. */
  keys(): string[] {
    return [...this.#values.keys()];
  }
}
