import { encodeBeat, encodeGone, encodeSync } from "../../wire/encode.ts";
import { LOAD_SEQUENCE, MAX_POOLS } from "../../wire/layout.ts";
import type { FrameCache } from "./frame-cache.ts";
import type { DownKind } from "./push-observer.ts";
import { type Degree, IN_FULL, type LoadFor, UNWANTED, type Wants } from "./wants.ts";

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
  policy?: bigint;
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
  /** Pools that SYNC waits for; undefined where none is due. */
  #round: Set<string> | undefined;
  #wants: Wants;
  #sequence = 0n;

  /**
   * @param wants what the gateway wants to begin with.
   * @param skipped is told of each LOAD that a newer one overtook.
   */
  constructor(frames: FrameCache, wire: Wire, wants: Wants, skipped: () => void) {
    this.#frames = frames;
    this.#wire = wire;
    this.#wants = wants;
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

  /** How much of a pool the gateway wants. */
  degree(pool: string): Degree {
    return this.#wants.degree(pool);
  }

  /**
   * The gateway wants something else: what more it wants of these pools is sent, the named ones first, what it wants no
   * longer is taken back, and SYNC follows. Where it says so again before that, one SYNC follows the last.
   */
  want(wants: Wants, pools: readonly string[]): void {
    const before = this.#wants;
    this.#wants = wants;
    this.#round ??= new Set();
    const more = pools.filter((pool) => wants.degree(pool) > before.degree(pool));
    for (const pool of more) if (wants.degree(pool) === IN_FULL) this.#due(pool, true);
    for (const pool of more) if (wants.degree(pool) !== IN_FULL) this.#due(pool, false);
    for (const pool of this.#told.keys()) if (wants.degree(pool) === UNWANTED) this.#due(pool, false);
    this.pump();
  }

  /**
   * A pool has changed, or is no more.
   * @param from who is told of its samples, beside those who get another roster.
   * @returns units of the pacer's work done.
   */
  offer(pool: string, from: LoadFor): number {
    const degree = this.degree(pool);
    if (degree === UNWANTED) return 0;
    const loadDue = degree >= from;
    const pending = this.#pending.get(pool) === true;
    if (pending && loadDue) this.#skipped();
    this.#pending.set(pool, loadDue || pending);
    return this.pump();
  }

  /** Writes what is pending, as far as the stream takes it; returns units of the pacer's work done. */
  pump(): number {
    let units = 0;
    for (const [pool, load] of this.#pending) {
      if (this.#full) return units;
      this.#pending.delete(pool);
      units += this.#tell(pool, load);
      this.#round?.delete(pool);
    }
    if (this.#round?.size === 0) {
      this.#round = undefined;
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

  #due(pool: string, load: boolean): void {
    this.#round?.add(pool);
    this.#pending.set(pool, load || this.#pending.get(pool) === true);
  }

  #tell(pool: string, load: boolean): number {
    if (!this.#frames.exists(pool)) return this.#takeBack(pool);
    const degree = this.degree(pool);
    if (degree === UNWANTED) return this.#takeBack(pool);
    const roster = this.#frames.roster(pool);
    if (roster === undefined) return 0;
    let units = 0;
    let told = this.#told.get(pool);
    if (told === undefined) {
      if (this.#told.size >= MAX_POOLS) units += this.#takeBack(this.#lessWanted(degree));
      if (this.#told.size >= MAX_POOLS) return units;
      told = {};
      this.#told.set(pool, told);
    }
    // Before the first roster, so that no request goes by the pool's endpoints and not by its policy.
    const policy = this.#frames.policy(pool);
    if (policy !== undefined && told.policy !== policy.epoch) {
      told.policy = policy.epoch;
      units += this.#write("policy", policy.bytes);
    }
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
    return otherRoster || load ? units + this.#tellLoad(pool, roster.epoch) : units;
  }

  #takeBack(pool: string | undefined): number {
    if (pool === undefined || !this.#told.delete(pool)) return 0;
    return this.#write("gone", encodeGone(pool));
  }

  /** A pool that the gateway has and wants less than that; it has no room for more than MAX_POOLS. */
  #lessWanted(degree: Degree): string | undefined {
    for (const pool of this.#told.keys()) if (this.degree(pool) < degree) return pool;
    return undefined;
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
