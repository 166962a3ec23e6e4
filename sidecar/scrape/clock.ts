/** Time as discovery, scraping and state see it; tests bring their own. */
export interface Clock {
  /** Milliseconds on a clock that never steps back; only differences mean anything. */
  now(): number;
  /** Calls back once after so many milliseconds; returns the call that cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
