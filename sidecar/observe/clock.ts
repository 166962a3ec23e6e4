import { systemClock as systemTicker, type Clock as Ticker } from "../scrape/clock.ts";

/** Time and timers with the time of day, injected so that tests decide when time passes. */
export interface Clock extends Ticker {
  /** Microseconds since 1970. */
  wall(): bigint;
}

/** The machine's own time. */
export const systemClock: Clock = { ...systemTicker, wall: () => BigInt(Date.now()) * 1000n };

/** Calls back every so many milliseconds, counted from the end of the last call; returns the call that ends it. */
export function every(clock: Ticker, milliseconds: number, callback: () => void): () => void {
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
