import type { Clock } from "../support/clock.ts";
import { type Problem, problemOf } from "./redis-problem.ts";
import { RedisSession, type SessionOptions } from "./redis-session.ts";

/** Milliseconds until a lost session is replaced: the first, doubled with each failure up to the last, give or take half. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2000;

export interface LinkOptions extends SessionOptions {
  readonly clock: Clock;
  /** A number from 0 to 1, below 1. */
  readonly random: () => number;
  readonly onOpen: (session: RedisSession) => void;
  /** A session could not be opened, or is over. */
  readonly onLost: (problem: Problem) => void;
}

/** Keeps a session with a Redis, one after the other. */
export class RedisLink {
  readonly #options: LinkOptions;
  #session: RedisSession | undefined;
  #failures = 0;
  #stopped = false;
  #wake: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** The present session has proved to work: after it the first retry comes soon again. */
  proven(): void {
    this.#failures = 0;
  }

  /** Ends the session after what has been sent; resolves when there is none any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#session?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const error = await this.#live();
      if (this.#stopped) return;
      this.#options.onLost(problemOf(error));
      await this.#pause();
    }
  }

  /** Opens a session and sees it to its end; resolves with what ended it. */
  async #live(): Promise<Error> {
    try {
      const session = await RedisSession.open(this.#options);
      this.#session = session;
      if (this.#stopped) await session.close();
      else this.#options.onOpen(session);
      return await session.over;
    } catch (error) {
      return error as Error;
    } finally {
      this.#session = undefined;
    }
  }

  #pause(): Promise<void> {
    const { clock, random } = this.#options;
    const wait = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 10), LAST_RETRY_MS);
    return new Promise((resolve) => {
      const cancel = clock.after(wait * (0.5 + random()), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
