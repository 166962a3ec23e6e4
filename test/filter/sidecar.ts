// A sidecar that serves the pools which gateways want, as wire/FORMAT.md has it.

import { encodeGone, encodeSync } from "../../wire/encode.ts";
import type { Endpoint, Policy, Want } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import { FakePool, samples } from "./pools.ts";
import type { OpenStream, Rig } from "./rig.ts";

type Policies = Pick<Policy, "objectives" | "rules">;
type Known = { readonly pool: FakePool; readonly endpoints: readonly Endpoint[]; policies: Policies | undefined };

/** Knows pools, and says of them what each WANT asks for, between the filter's ticks. */
export class TestSidecar {
  readonly #rig: Rig;
  readonly #pools = new Map<bigint, Known>();
  /** Per stream how many WANTs have been answered, and of which pools it knows. */
  readonly #told = new WeakMap<OpenStream, { wants: number; pools: Set<bigint> }>();

  constructor(rig: Rig, pools: Readonly<Record<string, readonly Endpoint[]>> = {}) {
    this.#rig = rig;
    for (const [name, endpoints] of Object.entries(pools)) this.add(name, endpoints);
  }

  /** There is one more pool; gateways that want it hear of it with the next WANT. */
  add(name: string, endpoints: readonly Endpoint[]): FakePool {
    const pool = new FakePool(name);
    this.#pools.set(xxh64(name), { pool, endpoints, policies: undefined });
    return pool;
  }

  /** A pool has these policies from now on; without, no POLICY is sent of it. */
  setPolicies(name: string, policies: Policies): void {
    const key = xxh64(name);
    const known = this.#pools.get(key);
    if (known === undefined) throw new Error(`there is no pool ${name}`);
    known.policies = policies;
    for (const stream of this.#rig.openStreams) {
      if (this.#told.get(stream)?.pools.has(key)) stream.message(known.pool.policy(policies));
    }
  }

  /** Lets time pass, and answers what is wanted. */
  pass(milliseconds: number): void {
    for (let passed = 0; passed < milliseconds; passed += 10) {
      this.#rig.pass(10);
      for (const stream of this.#rig.openStreams) this.#answer(stream);
    }
  }

  /** New samples of every pool that the stream's last WANT names. */
  sendLoads(): void {
    for (const stream of this.#rig.openStreams) {
      for (const key of stream.wants.at(-1)?.pools ?? []) {
        const known = this.#pools.get(key);
        if (known) stream.message(known.pool.load(samples(known.endpoints.length)));
      }
    }
  }

  #answer(stream: OpenStream): void {
    const told = this.#told.get(stream) ?? { wants: 0, pools: new Set() };
    this.#told.set(stream, told);
    const { wants } = stream;
    for (; told.wants < wants.length; told.wants++) this.#serve(stream, wants[told.wants]!, told.pools);
  }

  #serve(stream: OpenStream, want: Want, told: Set<bigint>): void {
    const wanted = new Set(want.all ? this.#pools.keys() : want.pools);
    for (const [key, { pool, endpoints, policies }] of this.#pools) {
      if (wanted.has(key) && !told.has(key)) {
        told.add(key);
        if (policies !== undefined) stream.message(pool.policy(policies));
        stream.message(...pool.frames(endpoints));
      } else if (!wanted.has(key) && told.delete(key)) {
        stream.message(encodeGone(pool.pool));
      }
    }
    stream.message(encodeSync());
  }
}
