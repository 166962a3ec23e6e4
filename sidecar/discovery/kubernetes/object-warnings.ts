import type { Log } from "../../observe/log.ts";
import type { Clock } from "../../support/clock.ts";

const WINDOW_MS = 1000;
/** Lines in a window; a thousand pods may all be wrong in the same way at once. */
const MOST_LINES = 10;
/** Texts that are remembered so as not to be told again. */
const MOST_KNOWN = 4096;

/** What becomes of an object that is in order, where another one goes before it. */
export const NOT_USED = "object is not used";

/** Tells what is wrong with objects of a cluster: each thing once, and not too many lines at a time. */
export class ObjectWarnings {
  readonly #clock: Clock;
  readonly #log: Log;
  /** What was told last of a subject. */
  readonly #known = new Map<string, string>();
  #windowEnd = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #untold = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Something is wrong with an object.
   * @param object `Pod default/vllm-0`
   * @param problems lines that begin with the path of the field.
   * @param message what becomes of it.
   */
  tell(object: string, problems: readonly string[], message: string): void {
    const subject = `${object}\n${message}`;
    const text = problems.join("\n");
    if (this.#known.get(subject) === text) return;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(subject, text);
    const now = this.#clock.now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + WINDOW_MS;
      this.#lines = 0;
    }
    if (++this.#lines > MOST_LINES) {
      this.#untold++;
      return;
    }
    const untold = this.#untold;
    this.#untold = 0;
    this.#log.warn({ object, problems, ...(untold > 0 && { othersUntold: untold }) }, message);
  }

  /** The object is in order: the same thing, should it come again, is news. */
  mended(object: string, message: string): void {
    if (this.#known.size > 0) this.#known.delete(`${object}\n${message}`);
  }
}
