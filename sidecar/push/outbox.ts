import { encodeBeat, encodeGone, encodeSync } from "../../wire/encode.ts";
import { LOAD_SEQUENCE, MAX_POOLS } from "../../wire/layout.ts";
import type { FrameCache } from "./frame-cache.ts";
import type { DownKind } from "./push-observer.ts";

/**
 * Bytes that may wait in a stream before it counts as slow: about six LOADs of 1,000 endpoints, so at the shortest
 * window some 30 ms of news. Beyond that a gateway is told only the latest, when it reads again.
 */
export const WAITING_BYTES_MAX = 262_144;

const BYTES_PER_UNIT = 8192;

/** Units of the pacer's work that a frame of so many bytes is. */
export function unitsOf(bytes: number): number {
  return 1 + bytes / BYTES_PER_UNIT;
}

const BEAT = encodeBeat();
const SYNC = encodeSync();

/** The stream under an outbox. */
export interface Wire {
  /** Bytes written that the transport has not taken yet. */
  waiting(): number;
  write(kind: DownKind, bytes: Uint8Array): void;
}

/** What one gateway has been told of a pool. */
interface Told {
  roster?: bigint;
  plan?: bigint;
}

/**
 * What one gateway still has to be told. It holds names, never frames: what is sent is the state at the time of
 * sending, so a slow gateway costs no memory and misses nothing but versions that are already history.
 */
export class Outbox {
  readonly #frames: FrameCache;
  readonly #wire: Wire;
  readonly #skipped: () => void;
  readonly #told = new Map<string, Told>();
  /** Pools to look at, in order; true: a LOAD is due even if roster and plan are unchanged. */
  readonly #pending = new Map<string, boolean>();
  /** Pools of the first round that have not been sent yet; undefined before it begins and once it is over. */
  #firstRound: Set<string> | undefined;
  #sequence = 0n;

  /** @param skipped is told of each LOAD that a newer one overtook. */
  constructor(frames: FrameCache, wire: Wire, skipped: () => void) {
    this.#frames = frames;
    this.#wire = wire;
    this.#skipped = skipped;
  }

  /** Sequence number of the last LOAD written, 0 before the first. */
  get sequence(): bigint {
    return this.#sequence;
  }

  /** Pools that the gateway holds. */
  get pools(): number {
    return this.#told.size;
  }

  /** Begins with these pools; SYNC follows the last of them. */
  start(pools: readonly string[]): void {
    this.#firstRound = new Set(pools);
    for (const pool of pools) this.#pending.set(pool, true);
    this.pump();
  }

  /**
   * A pool has changed, or is no more.
   * @param load whether its samples are news.
   * @returns units of the pacer's work done.
   */
  offer(pool: string, load: boolean): number {
    const pending = this.#pending.get(pool) === true;
    if (pending && load) this.#skipped();
    this.#pending.set(pool, load || pending);
    return this.pump();
  }

  /** Writes what is pending, as far as the stream takes it; returns units of the pacer's work done. */
  pump(): number {
    let units = 0;
    for (const [pool, load] of this.#pending) {
      if (this.#full) return units;
      this.#pending.delete(pool);
      units += this.#tell(pool, load);
      this.#firstRound?.delete(pool);
    }
    if (this.#firstRound?.size === 0) {
      this.#firstRound = undefined;
      units += this.#write("sync", SYNC);
    }
    return units;
  }

  /** Says that the sidecar lives, unless so much is waiting that the gateway will know. */
  beat(): void {
    if (!this.#full) this.#write("beat", BEAT);
  }

  get #full(): boolean {
    return this.#wire.waiting() >= WAITING_BYTES_MAX;
  }

  #tell(pool: string, load: boolean): number {
    const roster = this.#frames.roster(pool);
    if (roster === undefined) {
      if (this.#frames.exists(pool) || !this.#told.delete(pool)) return 0;
      return this.#write("gone", encodeGone(pool));
    }
    let told = this.#told.get(pool);
    if (told === undefined) {
      if (this.#told.size >= MAX_POOLS) return 0;
      told = {};
      this.#told.set(pool, told);
    }
    let units = 0;
    const otherRoster = told.roster !== roster.epoch;
    if (otherRoster) {
      told.roster = roster.epoch;
      units += this.#write("roster", roster.bytes);
    }
    const plan = this.#frames.plan(pool);
    if (plan !== undefined && told.plan !== plan.epoch) {
      told.plan = plan.epoch;
      units += this.#write("plan", plan.bytes);
    }
    // A gateway drops its samples with the roster that they belong to.
    return load || otherRoster ? units + this.#tellLoad(pool, roster.epoch) : units;
  }

  #tellLoad(pool: string, rosterEpoch: bigint): number {
    const load = this.#frames.load(pool, rosterEpoch);
    if (load === undefined) return 0;
    // The number belongs to the stream and the bytes to all streams. The copy costs a few microseconds.
    const bytes = load.bytes.slice();
    this.#sequence++;
    new DataView(bytes.buffer).setBigUint64(LOAD_SEQUENCE, this.#sequence, true);
    return this.#write("load", bytes);
  }

  #write(kind: DownKind, bytes: Uint8Array): number {
    this.#wire.write(kind, bytes);
    return unitsOf(bytes.length);
  }
}
