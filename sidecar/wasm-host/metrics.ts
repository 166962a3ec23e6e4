/** Counters and gauges that a filter defines, summed over the VMs that share this object. */
export class FilterMetrics {
  readonly #ids = new Map<string, number>();
  readonly #values: bigint[] = [];

  /** Names of all that are defined. */
  names(): Iterable<string> {
    return this.#ids.keys();
  }

  /** The id of a metric, made if need be. */
  define(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#values.push(0n);
    this.#ids.set(name, id);
    return id;
  }

  /** Adds to a metric. False: no such id. */
  increment(id: number, by: bigint): boolean {
    const value = this.#values[id - 1];
    if (value === undefined) return false;
    this.#values[id - 1] = value + by;
    return true;
  }

  /** Sets a gauge. False: no such id. */
  record(id: number, value: bigint): boolean {
    if (this.#values[id - 1] === undefined) return false;
    this.#values[id - 1] = value;
    return true;
  }

  /** A metric's value by name; 0 where it is not defined. */
  value(name: string): number {
    const id = this.#ids.get(name);
    return id === undefined ? 0 : Number(this.#values[id - 1]);
  }
}
