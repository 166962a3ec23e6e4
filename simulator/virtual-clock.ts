import type { Clock } from "./clock.ts";
import { type Event, EventQueue } from "./event-queue.ts";

type Timer = Event & { callback: (() => void) | null };

/**
 * A clock that stands still until it is told to move: hours of engine time pass in the time the engine needs to
 * compute them, the same way every time. Timers fire in the order of their times, then of their creation.
 */
export class VirtualClock implements Clock {
  readonly #timers = new EventQueue<Timer>();
  #now = 0;
  #created = 0;

  now(): number {
    return this.#now;
  }

  at(time: number, callback: () => void): () => void {
    const timer: Timer = { due: Math.max(time, this.#now), order: this.#created++, callback };
    this.#timers.push(timer);
    return () => {
      timer.callback = null;
    };
  }

  /** Moves to `time` (ms, not before now) and fires what falls due on the way, each at its own time. */
  advanceTo(time: number): void {
    for (let next = this.#timers.peek(); next !== undefined && next.due <= time; next = this.#timers.peek()) {
      this.#fire(next);
    }
    this.#now = time;
  }

  /** Moves by `milliseconds`. */
  advance(milliseconds: number): void {
    this.advanceTo(this.#now + milliseconds);
  }

  /** Moves on until no timer is left; never returns where timers renew themselves for ever. */
  runAll(): void {
    for (let next = this.#timers.peek(); next !== undefined; next = this.#timers.peek()) this.#fire(next);
  }

  #fire(timer: Timer): void {
    this.#timers.pop();
    if (timer.callback === null) return;
    this.#now = timer.due;
    timer.callback();
  }
}
