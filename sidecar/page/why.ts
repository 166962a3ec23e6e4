// Where a request that came now would go, and why: the filter itself is asked, with what the sidecar knows.

import { type Answer, explain } from "../explain/explain.ts";
import { limited } from "../explain/explanation.ts";
import { readSnapshot } from "../explain/read-snapshot.ts";

/** Endpoints of each profile that are told of. */
const SHOWN = 20;
/** Milliseconds for which an answer stands: asking takes the sidecar a part of a second. */
const STANDS_FOR = 5000;
const PROMPT = "A prompt that no endpoint has seen.";

/** Explains the choice for a new prompt. */
export class Why {
  readonly #module: () => WebAssembly.Module;
  readonly #state: (pool: string) => string | undefined;
  readonly #model: (pool: string) => string;
  readonly #now: () => number;
  readonly #answers = new Map<string, { readonly at: number; readonly text: string }>();

  /**
   * @param module gives the filter.
   * @param state a snapshot's JSON, of that pool at least; undefined: there is none, or not yet.
   * @param model which one the request asks for.
   * @param now monotonic milliseconds.
   */
  constructor(
    module: () => WebAssembly.Module,
    state: (pool: string) => string | undefined,
    model: (pool: string) => string,
    now: () => number,
  ) {
    this.#module = module;
    this.#state = state;
    this.#model = model;
    this.#now = now;
  }

  /** The explanation's JSON; undefined where there is no such pool. Throws what explain throws. */
  pool(name: string): string | undefined {
    const now = this.#now();
    for (const [pool, { at }] of this.#answers) if (now - at >= STANDS_FOR) this.#answers.delete(pool);
    const known = this.#answers.get(name);
    if (known !== undefined) return known.text;
    const state = this.#state(name);
    if (state === undefined) return undefined;
    const snapshot = readSnapshot(state, "the sidecar's state");
    const pool = snapshot.pools.find((one) => one.name === name);
    if (pool?.plan === undefined) return undefined;
    const body = new TextEncoder().encode(JSON.stringify({ model: this.#model(name), prompt: PROMPT }));
    const question = { pool, plan: pool.plan, journals: [], body, headers: [], seed: 1 };
    const text = JSON.stringify(shown(explain(this.#module(), question)));
    this.#answers.set(name, { at: now, text });
    return text;
  }
}

const WAITS = "It would wait: the pool is saturated, or others wait before it.";

function shown({ explanation, destinations, refusal, waits }: Answer): object {
  return {
    explanation: explanation === undefined ? null : limited(explanation, SHOWN),
    destinations,
    refusal: refusal?.body ?? (waits ? WAITS : null),
  };
}
