import { encodeLoad, encodePlan, encodePolicy, encodeRoster } from "../../wire/encode.ts";
import type { Policies } from "../discovery/pool.ts";
import type { PolicySource, PoolSource } from "../state/source.ts";
import type { Clock } from "../support/clock.ts";
import type { PlanSource } from "./plan-source.ts";
import { policyOf } from "./policy.ts";

/** A LOAD this young, in milliseconds, serves further gateways too; its ages are off by no more than that. */
const REUSE_MS = 5;

/** A frame's bytes, shared by all gateways, and the epoch in its header. */
export interface Frame {
  readonly epoch: bigint;
  readonly bytes: Uint8Array;
}

interface PoolFrames {
  roster?: Frame;
  plan?: Frame;
  /** Epochs of the roster and plan that do not fit the format; they are not tried again. */
  rosterUnfit?: bigint;
  planUnfit?: bigint;
  /** What was encoded last, whether it fits or not: the lists are compared by identity, which costs nothing. */
  policies?: Policies;
  policy?: Frame;
  load?: Frame;
  loadAt: number;
}

/** Encodes each state once, however many gateways it goes to. */
export class FrameCache {
  readonly #source: PoolSource & PolicySource;
  readonly #plans: PlanSource;
  readonly #clock: Clock;
  readonly #failed: (pool: string, error: Error) => void;
  readonly #pools = new Map<string, PoolFrames>();

  /** @param failed is told of a state that does not fit the format; the pool is then left as the gateways have it. */
  constructor(
    source: PoolSource & PolicySource,
    plans: PlanSource,
    clock: Clock,
    failed: (pool: string, error: Error) => void,
  ) {
    this.#source = source;
    this.#plans = plans;
    this.#clock = clock;
    this.#failed = failed;
  }

  /** Whether there is such a pool now. */
  exists(pool: string): boolean {
    return this.#source.roster(pool) !== undefined;
  }

  /** The pool's roster; undefined where there is none that can be sent. */
  roster(pool: string): Frame | undefined {
    const roster = this.#source.roster(pool);
    if (roster === undefined) return undefined;
    const frames = this.#frames(pool);
    if (frames.rosterUnfit === roster.epoch) return undefined;
    if (frames.roster?.epoch !== roster.epoch) {
      const bytes = this.#attempt(pool, () => encodeRoster(roster));
      if (bytes === undefined) {
        frames.rosterUnfit = roster.epoch;
        return undefined;
      }
      frames.roster = { epoch: roster.epoch, bytes };
    }
    return frames.roster;
  }

  /** The pool's plan; undefined where it cannot be sent. */
  plan(pool: string): Frame | undefined {
    const plan = this.#plans.plan(pool);
    const frames = this.#frames(pool);
    if (frames.planUnfit === plan.epoch) return undefined;
    if (frames.plan?.epoch !== plan.epoch) {
      const bytes = this.#attempt(pool, () => encodePlan(plan));
      if (bytes === undefined) {
        frames.planUnfit = plan.epoch;
        return undefined;
      }
      frames.plan = { epoch: plan.epoch, bytes };
    }
    return frames.plan;
  }

  /** The pool's policy; undefined where it cannot be sent, until it is another one. */
  policy(pool: string): Frame | undefined {
    const policies = this.#source.policies(pool);
    if (policies === undefined) return undefined;
    const frames = this.#frames(pool);
    const { objectives, rewrites } = policies;
    if (frames.policies?.objectives === objectives && frames.policies.rewrites === rewrites) return frames.policy;
    frames.policies = { objectives, rewrites };
    const policy = policyOf(pool, policies);
    if (frames.policy?.epoch === policy.epoch) return frames.policy;
    const bytes = this.#attempt(pool, () => encodePolicy(policy));
    delete frames.policy;
    if (bytes !== undefined) frames.policy = { epoch: policy.epoch, bytes };
    return frames.policy;
  }

  /**
   * The pool's samples for that roster; undefined where there are none that can be sent. The sequence number is left
   * 0: it belongs to the stream.
   */
  load(pool: string, rosterEpoch: bigint): Frame | undefined {
    const frames = this.#frames(pool);
    const reusable = frames.load?.epoch === rosterEpoch && this.#clock.now() - frames.loadAt < REUSE_MS;
    const load = reusable ? frames.load : this.cut(pool);
    return load?.epoch === rosterEpoch ? load : undefined;
  }

  /** Encodes the pool's samples anew. */
  cut(pool: string): Frame | undefined {
    const load = this.#source.load(pool, 0n, this.#clock.wall());
    if (load === undefined) return undefined;
    const bytes = this.#attempt(pool, () => encodeLoad(load));
    if (bytes === undefined) return undefined;
    const frames = this.#frames(pool);
    frames.load = { epoch: load.rosterEpoch, bytes };
    frames.loadAt = this.#clock.now();
    return frames.load;
  }

  /** The pool is no more. */
  forget(pool: string): void {
    this.#pools.delete(pool);
  }

  #frames(pool: string): PoolFrames {
    let frames = this.#pools.get(pool);
    if (frames === undefined) {
      frames = { loadAt: Number.NEGATIVE_INFINITY };
      this.#pools.set(pool, frames);
    }
    return frames;
  }

  #attempt(pool: string, encode: () => Uint8Array): Uint8Array | undefined {
    try {
      return encode();
    } catch (error) {
      this.#failed(pool, error as Error);
      return undefined;
    }
  }
}
