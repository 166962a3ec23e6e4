/** What stands for names that came when there was no more room. */
export const OTHER = "other";
/** Names that clients may choose before all further ones are OTHER; the reference's limit. */
const MOST_NAMES = 1000;

/** Names that clients choose, as label values: so many of them, of each as often as it comes; the rest is OTHER. */
export class BoundedNames {
  readonly #most: number;
  readonly #known = new Map<string, Set<string>>();
  #count = 0;

  constructor(most = MOST_NAMES) {
    this.#most = most;
  }

  /** The name as a label of a pool's series: itself, or OTHER. */
  of(pool: string, name: string): string {
    if (name === "") return name;
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
