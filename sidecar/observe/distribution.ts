/** A value that a bucket of a histogram shows, and the trace of the request that it comes from. */
export interface Exemplar {
  readonly labelSet: { readonly trace_id: string };
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

/**
 * How often values lay where: what a histogram shows, under as many names as one likes. A prom-client Histogram looks its
 * labels up anew for every value, and has a table of its own for every name.
 */
export class Distribution {
  /** Upper bounds of the buckets, rising; the last bucket has none. */
  readonly bounds: readonly number[];
  /** Values by bucket, one more than there are bounds. */
  readonly counts: Float64Array;
  count = 0;
  sum = 0;
  /** The last one of each bucket; empty before the first. */
  readonly exemplars: (Exemplar | undefined)[] = [];

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Adds a value; its exemplar, where there is one, replaces the bucket's. */
  observe(value: number, exemplar?: Exemplar): void {
    const bucket = this.#bucketOf(value);
    this.counts[bucket]! += 1;
    this.count += 1;
    this.sum += value;
    if (exemplar !== undefined) this.exemplars[bucket] = exemplar;
  }

  /** Adds what another one with the same bounds has; of two exemplars the newer one stays. */
  add(other: Distribution): void {
    for (const [bucket, count] of other.counts.entries()) this.counts[bucket]! += count;
    this.count += other.count;
    this.sum += other.sum;
    other.exemplars.forEach((exemplar, bucket) => {
      this.exemplars[bucket] = newer(this.exemplars[bucket], exemplar);
    });
  }

  // The first bound that is not below the value.
  #bucketOf(value: number): number {
    let low = 0;
    let high = this.bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.bounds[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The sum of distributions with the same bounds; undefined of none. */
export function sumOf(all: readonly Distribution[]): Distribution | undefined {
  const [first] = all;
  if (first === undefined || all.length === 1) return first;
  const sum = new Distribution(first.bounds);
  for (const one of all) sum.add(one);
  return sum;
}

/** The newer of two exemplars. */
export function newer(one: Exemplar | undefined, other: Exemplar | undefined): Exemplar | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.timestamp >= one.timestamp ? other : one;
}
