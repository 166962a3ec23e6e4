import type { Clock } from "../support/clock.ts";

const WINDOW_MS = 60_000;

/** Lets the same thing be said once a minute, and counts what was not said meanwhile. */
export class Quiet {
  readonly #clock: Clock;
  readonly #said = new Map<string, { at: number; unsaid: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Whether to speak of this subject now. Keys must come from a bounded set.
   * @returns how often the subject came up unsaid since the last time; undefined: say nothing now.
   */
  mayI(key: string): number | undefined {
    const now = this.#clock.now();
    const last = this.#said.get(key);
    if (last !== undefined && now - last.at < WINDOW_MS) {
      last.unsaid++;
      return undefined;
    }
    this.#said.set(key, { at: now, unsaid: 0 });
    return last?.unsaid ?? 0;
  }
}
