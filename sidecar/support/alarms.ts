import type { Clock } from "./clock.ts";

/** Rings at a time of its own. */
export interface Alarm {
  /** The clock's milliseconds; not changed by anybody else while it is set. */
  due: number;
  /** Of Alarms alone: where it stands among them, UNSET to begin with. */
  place: number;
  ring(): void;
}

/** The place of an alarm that is not set. */
export const UNSET = -1;

/** Alarms that ring in one turn of the event loop; what else it has to do comes in between. */
const RINGS_PER_TURN = 32;

/** Milliseconds: what is due sooner rings now, as timers that count whole milliseconds would have it. */
const EARLY = 1;

/** Thousands of alarms on one timer, kept as a heap by the time at which they are due. */
export class Alarms {
  readonly #clock: Clock;
  readonly #heap: Alarm[] = [];
  #cancel: (() => void) | undefined;
  /** The clock's milliseconds for which the timer is set. */
  #timerAt = 0;
  /** While alarms ring the timer is left alone: it is set once they have. */
  #ringing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets an alarm that is not set ring at that time, less than a millisecond early, never before this returns. */
  set(alarm: Alarm, due: number): void {
    alarm.due = due;
    alarm.place = this.#heap.length;
    this.#heap.push(alarm);
    this.#rise(alarm);
    this.#arm();
  }

  /** The alarm does not ring; nothing happens where it is not set. */
  unset(alarm: Alarm): void {
    const { place } = alarm;
    if (place === UNSET) return;
    alarm.place = UNSET;
    const last = this.#heap.pop() as Alarm;
    if (last !== alarm) {
      this.#put(last, place);
      this.#rise(last);
      this.#sink(last);
    }
    this.#arm();
  }

  /** Has the timer run for the first alarm. One that comes too early for it is left: it does no harm. */
  #arm(): void {
    if (this.#ringing) return;
    const first = this.#heap[0];
    if (first !== undefined && this.#cancel !== undefined && this.#timerAt <= first.due) return;
    this.#cancel?.();
    this.#cancel = undefined;
    if (first === undefined) return;
    this.#timerAt = first.due;
    const wait = Math.max(0, Math.floor(first.due - this.#clock.now()));
    this.#cancel = this.#clock.after(wait, () => this.#ring());
  }

  #ring(): void {
    this.#cancel = undefined;
    this.#ringing = true;
    try {
      const now = this.#clock.now();
      for (let rings = 0; rings < RINGS_PER_TURN; rings++) {
        const first = this.#heap[0];
        if (first === undefined || first.due >= now + EARLY) break;
        this.unset(first);
        first.ring();
      }
    } finally {
      this.#ringing = false;
      this.#arm();
    }
  }

  #put(alarm: Alarm, place: number): void {
    alarm.place = place;
    this.#heap[place] = alarm;
  }

  #rise(alarm: Alarm): void {
    while (alarm.place > 0) {
      const parent = this.#heap[(alarm.place - 1) >> 1] as Alarm;
      if (parent.due <= alarm.due) return;
      const { place } = parent;
      this.#put(parent, alarm.place);
      this.#put(alarm, place);
    }
  }

  #sink(alarm: Alarm): void {
    for (;;) {
      const left = this.#heap[2 * alarm.place + 1];
      const right = this.#heap[2 * alarm.place + 2];
      const child = right !== undefined && right.due < (left as Alarm).due ? right : left;
      if (child === undefined || child.due >= alarm.due) return;
      const { place } = child;
      this.#put(child, alarm.place);
      this.#put(alarm, place);
    }
  }
}
