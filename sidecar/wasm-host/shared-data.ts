import { SharedQueues } from "./shared-queues.ts";

/** A value and the number that guards its next write. */
export interface SharedValue {
  readonly value: Uint8Array;
  readonly cas: number;
}

/**
 * What Envoy calls shared data: one map for all VMs of one vm_id. Writes with cas 0 and writes to a new key always
 * succeed, others only where nobody has written since the value was read.
 */
export class SharedData {
  /** The queues of the same VMs. */
  readonly queues = new SharedQueues();
  readonly #values = new Map<string, SharedValue>();
  #lastCas = 0;

  /** The key's value; undefined where there is none. Keys are binary, one character per byte. */
  get(key: string): SharedValue | undefined {
    return this.#values.get(key);
  }

  /** Writes a copy of the value. False: there is one already, and `cas` is neither 0 nor its own. */
  set(key: string, value: Uint8Array, cas: number): boolean {
    const present = this.#values.get(key);
    if (present && cas !== 0 && present.cas !== cas) return false;
    this.#lastCas = this.#lastCas === 0xffffffff ? 1 : this.#lastCas + 1;
    this.#values.set(key, { value: value.slice(), cas: this.#lastCas });
    return true;
  }

  /** Keys present, for inspection. */
  keys(): string[] {
    return [...this.#values.keys()];
  }
}
