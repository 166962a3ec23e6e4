/** What stands for names that came when there was no more room. */
export const OTHER = "other";
/** Names that clients may choose before all further ones are OTHER; the reference's limit. */
const MOST_NAMES = 1000;

/**
 * Names of models as label values. Of those that clients choose the first so many, over all pools, stay what they are;
 * the rest is OTHER. Those that are configured always stay what they are, and do not count.
 */
export class BoundedNames {
  readonly #isConfigured: (pool: string, name: string) => boolean;
  readonly #most: number;
  readonly #known = new Map<string, Set<string>>();
  #count = 0;

  constructor(isConfigured: (pool: string, name: string) => boolean, most = MOST_NAMES) {
    this.#isConfigured = isConfigured;
    this.#most = most;
  }

  /** The name as a label of a pool's series: itself, or OTHER. */
  of(pool: string, name: string): string {
    if (name === "" || this.#isConfigured(pool, name)) return name;
    let names = this.#known.get(pool);
    if (names?.has(name)) return name;
    if (this.#count >= this.#most) return OTHER;
    if (names === undefined) {
      names = new Set();
      this.#known.set(pool, names);
    }
    names.add(name);
    this.#count++;
    return name;
  }
}
