import type { Clock } from "./clock.ts";

/** Runs something after changes: at once after quiet, then once for all that come within a time. */
export class Burst {
  readonly #clock: Clock;
  readonly #milliseconds: number;
  readonly #run: () => void;
  #cancel: (() => void) | undefined;
  #again = false;
  #stopped = false;

  /** @param milliseconds in which what comes after a run is gathered. */
  constructor(clock: Clock, milliseconds: number, run: () => void) {
    this.#clock = clock;
    this.#milliseconds = milliseconds;
    this.#run = run;
  }

  /** Something has changed. */
  changed(): void {
    if (this.#stopped) return;
    if (this.#cancel !== undefined) {
      this.#again = true;
      return;
    }
    this.#open();
    this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #open(): void {
    this.#cancel = this.#clock.after(this.#milliseconds, () => {
      this.#cancel = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.#open();
      this.#run();
    });
  }
}
