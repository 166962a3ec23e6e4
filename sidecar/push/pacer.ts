import type { Clock } from "../support/clock.ts";

/** Unless told, a pool is cut at most this often, in milliseconds. */
const WINDOW_MS = 5;
/**
 * Work, in units, that all pools together may cause per second. A unit is a small frame to one gateway, some 25 us of
 * one core. A pool of 1,000 endpoints scraped 20 times a second changes within every window: 200 LOADs of 40 KB,
 * 1,200 units per gateway, and the window alone bounds it. The allowance is for the opposite shape: 1,000 pools of one
 * endpoint would cause 20,000 frames a second, half a core; they get 4,000, a tenth, and each change waits longer.
 * Pools times gateways above this number are more than can be told once a second.
 */
const UNITS_PER_SECOND = 4000;
/** Work that may be done ahead of the allowance, so that a few pools that change together all go out at once. */
const BURST_UNITS = 100;

const MS_PER_UNIT = 1000 / UNITS_PER_SECOND;
const BURST_MS = BURST_UNITS * MS_PER_UNIT;

/**
 * Decides when a changed pool is sent. The first change after a quiet time is sent within the call that reports it;
 * the changes that follow are sent together, a window later. Pools that wait are served in the order of their changes,
 * those with an urgent change before all others.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #cut: (pool: string) => number;
  readonly #window: number;
  /** Changed pools, oldest change first: those with an urgent change, and the others. */
  readonly #urgent = new Set<string>();
  readonly #waiting = new Set<string>();
  /** When each pool was cut last. */
  readonly #cutAt = new Map<string, number>();
  /** When the work done so far is paid for by the allowance. */
  #paidAt = Number.NEGATIVE_INFINITY;
  /** Whether pools wait for the allowance; a pool that changes then queues behind them. */
  #exhausted = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  /**
   * @param cut sends a pool's present state; returns the units of work that this took.
   * @param window milliseconds between two cuts of a pool.
   */
  constructor(clock: Clock, cut: (pool: string) => number, window = WINDOW_MS) {
    this.#clock = clock;
    this.#cut = cut;
    this.#window = window;
  }

  /**
   * A pool has something new. Called for every sample of every endpoint, so a pool that waits already costs nothing.
   * @param urgent goes before everything that is not: requests are lost on an endpoint that has gone, while an older
   * sample only makes a pick a little worse.
   */
  changed(pool: string, urgent = false): void {
    if (this.#urgent.has(pool) || (!urgent && this.#waiting.has(pool))) return;
    this.#waiting.delete(pool);
    (urgent ? this.#urgent : this.#waiting).add(pool);
    const due = this.#due(pool);
    if (due <= this.#clock.now() && !this.#exhausted) this.#send(pool);
    else this.#wake(due);
  }

  /** Marks as changed all pools that were last cut longer ago than this, or never. */
  refresh(pools: Iterable<string>, milliseconds: number): void {
    const before = this.#clock.now() - milliseconds;
    for (const pool of pools) {
      if ((this.#cutAt.get(pool) ?? Number.NEGATIVE_INFINITY) <= before) this.changed(pool);
    }
  }

  /** The pool is no more. */
  forget(pool: string): void {
    this.#urgent.delete(pool);
    this.#waiting.delete(pool);
    this.#cutAt.delete(pool);
  }

  /** Ends all waiting. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#urgent.clear();
    this.#waiting.clear();
  }

  /** When the work done so far leaves room for more. */
  get #affordableAt(): number {
    return this.#paidAt - BURST_MS;
  }

  #due(pool: string): number {
    const window = (this.#cutAt.get(pool) ?? Number.NEGATIVE_INFINITY) + this.#window;
    return Math.max(window, this.#affordableAt);
  }

  #send(pool: string): void {
    this.#urgent.delete(pool);
    this.#waiting.delete(pool);
    const now = this.#clock.now();
    this.#cutAt.set(pool, now);
    this.#paidAt = Math.max(this.#paidAt, now) + this.#cut(pool) * MS_PER_UNIT;
  }

  #wake(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => this.#woken());
    this.#timer = { at, cancel };
  }

  #woken(): void {
    this.#timer = undefined;
    this.#exhausted = false;
    let next = Number.POSITIVE_INFINITY;
    // A copy, because sending may report further changes, and those belong to the next round.
    for (const pool of [...this.#urgent, ...this.#waiting]) {
      if (this.#affordableAt > this.#clock.now()) {
        this.#exhausted = true;
        next = this.#affordableAt;
        break;
      }
      const due = this.#due(pool);
      if (due <= this.#clock.now()) this.#send(pool);
      else next = Math.min(next, due);
    }
    if (next < Number.POSITIVE_INFINITY) this.#wake(next);
  }
}
