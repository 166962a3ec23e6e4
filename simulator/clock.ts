/** Where time comes from. All times are milliseconds on one monotonic scale with an arbitrary zero. */
export type Clock = {
  now(): number;
  /** Calls back once, at `time` or as soon after as the clock can. Returns a function that calls it off. */
  at(time: number, callback: () => void): () => void;
};

/** Node's longest timer; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  at(time, callback) {
    const remaining = time - performance.now();
    let callOff: () => void;
    if (remaining > LONGEST_TIMER_MS) {
      const timer = setTimeout(() => {
        callOff = systemClock.at(time, callback);
      }, LONGEST_TIMER_MS);
      callOff = () => clearTimeout(timer);
    } else {
      // Node truncates a delay; rounding up avoids waking a fraction of a millisecond early for nothing.
      const timer = setTimeout(callback, Math.ceil(Math.max(0, remaining)));
      callOff = () => clearTimeout(timer);
    }
    return () => callOff();
  },
};
