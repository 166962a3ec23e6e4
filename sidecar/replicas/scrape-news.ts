import type { Signals } from "../scrape/signals.ts";
import type { Clock } from "../support/clock.ts";
import type { Group } from "./group.ts";
import { encodeScrapes, type ScrapeItem } from "./messages.ts";

/** Milliseconds that news may wait for more of its kind. */
const WINDOW_MS = 10;
/** Items that go out without waiting any longer: some 30 KB. */
const ITEMS_MAX = 512;

interface Waiting extends Omit<ScrapeItem, "sample"> {
  readonly sample: { readonly signals: Signals; readonly at: number } | undefined;
}

/** Tells the others how one's own scrapes end: what comes after a pause at once, what follows it in batches. */
export class ScrapeNews {
  readonly #group: Group;
  readonly #clock: Clock;
  #waiting: Waiting[] = [];
  #sentAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(group: Group, clock: Clock) {
    this.#group = group;
    this.#clock = clock;
  }

  /** Something to tell; a sample with the clock's milliseconds that it stands for. Nothing where nobody listens. */
  add(item: Waiting): void {
    if (this.#group.peers === 0) return;
    this.#waiting.push(item);
    const wait = this.#sentAt + WINDOW_MS - this.#clock.now();
    if (wait <= 0 || this.#waiting.length >= ITEMS_MAX) this.#send();
    else this.#cancel ??= this.#clock.after(wait, () => this.#send());
  }

  /** Forgets what has not been told. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waiting = [];
  }

  #send(): void {
    const waiting = this.#waiting;
    this.stop();
    this.#sentAt = this.#clock.now();
    this.#group.send("scrapes", (head) => {
      const items = waiting.map(({ sample, ...item }) => ({
        ...item,
        sample: sample && { signals: sample.signals, age: head.sentAt - sample.at },
      }));
      return encodeScrapes(items, head);
    });
  }
}
