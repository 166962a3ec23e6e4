/** Time and timers as the sidecar's parts see them; tests bring their own. */
export interface Clock {
  /** Milliseconds on a clock that never steps back; only differences mean anything. */
  now(): number;
  /** Microseconds since 1970; may step. */
  wall(): bigint;
  /** Calls back once after so many milliseconds; returns the call that cancels it. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => BigInt(Date.now()) * 1000n,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Calls back every so many milliseconds, counted from the end of the last call; returns the call that ends it. */
export function every(clock: Clock, milliseconds: number, callback: () => void): () => void {
  let ended = false;
  let cancel = clock.after(milliseconds, tick);
  function tick(): void {
    callback();
    if (!ended) cancel = clock.after(milliseconds, tick);
  }
  return () => {
    ended = true;
    cancel();
  };
}
