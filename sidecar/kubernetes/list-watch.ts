// A collection that a list fills and watches keep up to date.

import type { Clock } from "../support/clock.ts";
import { BackOff } from "./back-off.ts";
import type { Collection, CollectionOptions, CollectionState } from "./collection.ts";
import type { Connection } from "./connection.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import { identityOf } from "./identity.ts";
import { type Listed, ObjectStore } from "./object-store.ts";
import type { ErrorReason } from "./observer.ts";
import { readPages } from "./pages.ts";
import { absentProblem, awayProblem, deniedProblem, type Verb } from "./problems.ts";
import type { Selection } from "./resource.ts";
import { type Audience, Standing } from "./standing.ts";
import { isOlder } from "./versions.ts";
import { type WatchEnd, type WatchSink, watch } from "./watch.ts";

/** What collections of one API server share. */
export interface ListWatchParts extends Audience {
  readonly connection: Connection;
  readonly clock: Clock;
  /** A number from 0 to 1, below 1. */
  readonly random: () => number;
  /** Collections that were started and not stopped. */
  readonly running: Set<Collection<unknown>>;
}

/** Milliseconds between looks for a kind that is not installed, or that may not be read. */
const LOOK_AGAIN = 10_000;
/** Milliseconds for which objects outlive answers 404: an API server that starts does not know every kind yet. */
const ABSENT_AFTER = 60_000;
/**
 * Milliseconds without an API server after which a list is read instead of going on with the watch: there may be
 * another one at its address, restored or made anew, to which our resourceVersion means nothing and which says nothing.
 */
const STRANGE_AFTER = 30_000;
/** Milliseconds that a watch has to last, or something has to come of it, for its end not to count as a failure. */
const SHORT_WATCH = 1000;
/** Milliseconds that a watch or a list has to be good for, or something has to come of it, to make up for failures. */
const LONG_ENOUGH = 10_000;

/** See Collection. Works in turns: a list where there is nothing to go on from, else a watch; then perhaps a pause. */
export class ListWatch<T> implements Collection<T> {
  readonly selection: Selection;
  readonly #parts: ListWatchParts;
  readonly #options: CollectionOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #standing: Standing;
  readonly #backOff: BackOff;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** Where the next watch goes on; undefined: a list is due. */
  #version: string | undefined;
  /** Whether there may be few events. */
  #isQuiet = false;
  /** Since when there was no good answer. By both clocks once: computed anew, the one would differ by a millisecond. */
  #failingSince: { readonly now: number; readonly wall: Date } | undefined;
  /** The clock's milliseconds since when every answer was 404. */
  #unknownSince: number | undefined;
  /** The clock's milliseconds of the last complete list. */
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ListWatchParts, selection: Selection, options: CollectionOptions<T>) {
    this.#parts = parts;
    this.selection = selection;
    this.#options = options;
    this.#store = new ObjectStore((object) => this.#read(object));
    this.#standing = new Standing(parts, selection);
    this.#backOff = new BackOff(parts.random);
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#store.objects;
  }

  get state(): CollectionState {
    return this.#standing.state;
  }

  get settled(): boolean {
    return this.#standing.settled;
  }

  get problem(): string | undefined {
    return this.#standing.problem;
  }

  start(): void {
    if (this.#running !== undefined || this.#stopped) return;
    this.#parts.running.add(this);
    this.#parts.observer.started(this);
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    if (!this.#stopped) {
      this.#stopping.abort();
      this.#parts.running.delete(this);
      this.#parts.observer.stopped(this);
    }
    await this.#running;
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const pause = this.#version === undefined ? await this.#list() : await this.#watch(this.#version);
      if (pause > 0 && !this.#stopped) await this.#sleep(pause);
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    return new Promise((resolve) => {
      const awake = (): void => {
        cancel();
        signal.removeEventListener("abort", awake);
        resolve();
      };
      const cancel = this.#parts.clock.after(milliseconds, awake);
      signal.addEventListener("abort", awake);
    });
  }

  /** @returns milliseconds to wait before the next turn. */
  async #list(): Promise<number> {
    let list: Listed<T>[] = [];
    const take = (object: unknown): void => {
      const identity = identityOf(object);
      if (identity !== undefined) list.push(this.#store.listed(identity, object));
      else this.#standing.failed("garbage", "an object of the list has no name, uid or resourceVersion");
    };
    const restart = (): void => {
      this.#standing.failed("gone", "the list expired while its pages were read");
      list = [];
    };
    let version: string;
    try {
      version = await readPages(this.#parts.connection, this.selection, take, restart, this.#stopping.signal);
    } catch (error) {
      return this.#failed("list", error as Error);
    }
    if (this.#stopped) return 0;
    this.#parts.observer.listed(this.selection.resource.kind);
    this.#version = version;
    this.#listedAt = this.#parts.clock.now();
    this.#reached(this.#store.replace(list));
    return 0;
  }

  /** @returns milliseconds to wait before the next turn. */
  async #watch(from: string): Promise<number> {
    const { connection, clock, random, observer } = this.#parts;
    let isUseful = false;
    let changed = false;
    const moved = (version: string): void => {
      isUseful = true;
      if (this.#version !== undefined && !isOlder(version, this.#version)) this.#version = version;
    };
    const sink: WatchSink = {
      opened: () => {
        observer.watched(this.selection.resource.kind);
        this.#reached(false);
      },
      event: (type) => observer.event(this.selection.resource.kind, type),
      put: (identity, object) => {
        changed = this.#store.put(identity, object) || changed;
        this.#isQuiet = false;
        moved(identity.version);
      },
      delete: (identity) => {
        changed = this.#store.delete(identity) || changed;
        this.#isQuiet = false;
        moved(identity.version);
      },
      bookmark: (version) => {
        // The API server's time has gone backwards, as after a restored backup.
        if (isOlder(version, from)) this.#version = undefined;
        else moved(version);
      },
      read: () => {
        const isNews = changed;
        changed = false;
        if (isNews && !this.#stopped) this.#options.onChange();
        return this.#version !== undefined && !this.#stopped;
      },
    };
    const options = { clock, random, from, quiet: this.#isQuiet, signal: this.#stopping.signal };
    const end = await watch(connection, this.selection, options, sink);
    return this.#stopped ? 0 : this.#watched(end, isUseful);
  }

  /**
   * What follows from a watch's end.
   * @param isUseful whether something came of it.
   * @returns milliseconds to wait before the next turn.
   */
  #watched({ lasted, error }: WatchEnd, isUseful: boolean): number {
    if (lasted === undefined) return this.#failed("watch", error ?? new ConnectionError("garbage", "no watch began"));
    const isBroken = error instanceof ConnectionError && (error.reason === "connection" || error.reason === "silent");
    // What never goes well for long must not be tried ever again at once.
    if ((isUseful || lasted >= LONG_ENOUGH) && (error === undefined || isBroken)) this.#backOff.reset();
    if (error === undefined) {
      if (isUseful || lasted >= SHORT_WATCH || this.#version === undefined) return 0;
      this.#standing.failed("connection", "the watch ended at once");
      return this.#backOff.next();
    }
    this.#standing.failed(reasonOf(error), error.message);
    if (!isBroken) {
      this.#version = undefined;
      return this.#pauseAfter("watch", error);
    }
    if (error.reason !== "silent") return this.#backOff.next();
    // A quiet watch brings a bookmark before it may be called silent: this one is dead, though something answers.
    if (this.#isQuiet && !isUseful) this.#version = undefined;
    this.#isQuiet = true;
    return 0;
  }

  /**
   * What follows from a request that was not answered well.
   * @returns milliseconds to wait before the next turn.
   */
  #failed(verb: Verb, error: Error): number {
    if (this.#stopped) return 0;
    const { clock, connection } = this.#parts;
    const now = clock.now();
    this.#standing.failed(reasonOf(error), error.message);
    this.#failingSince ??= { now, wall: new Date(Number(clock.wall() / 1000n)) };
    const status = error instanceof ApiError ? error.status : 0;
    this.#unknownSince = status === 404 ? (this.#unknownSince ?? now) : undefined;
    if (status === 403) {
      this.#tell("denied", deniedProblem(verb, this.selection, error));
      return LOOK_AGAIN;
    }
    if (status === 404 && (this.#store.objects.size === 0 || now - this.#unknownSince! >= ABSENT_AFTER)) {
      this.#version = undefined;
      this.#tell("absent", absentProblem(this.selection), this.#store.replace([]));
      return LOOK_AGAIN;
    }
    // Of a list or a watch that has expired nothing is known but that another one is due.
    if (status !== 410) {
      this.#tell("away", awayProblem(connection.server, this.selection, error, this.#failingSince.wall));
    }
    if (status === 404) return LOOK_AGAIN;
    const isOwnFault = status >= 400 && status < 500 && status !== 401 && status !== 429;
    if (isOwnFault || now - this.#failingSince.now >= STRANGE_AFTER) this.#version = undefined;
    return this.#pauseAfter(verb, error);
  }

  #pauseAfter(verb: Verb, error: Error): number {
    const pause = this.#backOff.next();
    if (!(error instanceof ApiError)) return pause;
    // A list is due, and nothing is wrong with that unless it was good for nothing.
    if (error.status === 410 && verb === "watch" && this.#parts.clock.now() - this.#listedAt >= LONG_ENOUGH) return 0;
    return Math.max(pause, error.retryAfter ?? 0);
  }

  /** The API server gives what it is asked for. */
  #reached(changed: boolean): void {
    this.#failingSince = undefined;
    this.#unknownSince = undefined;
    this.#tell("watching", undefined, changed);
  }

  #tell(state: CollectionState, problem: string | undefined, changed = false): void {
    const isNews = this.#standing.change(state, problem, this.objects.size);
    if (isNews || changed) this.#options.onChange();
  }

  #read(object: unknown): T | undefined {
    try {
      return this.#options.read(object);
    } catch (error) {
      this.#standing.failed("unreadable", (error as Error).message);
      return undefined;
    }
  }
}

function reasonOf(error: Error): ErrorReason {
  return error instanceof ApiError || error instanceof ConnectionError ? error.reason : "connection";
}
