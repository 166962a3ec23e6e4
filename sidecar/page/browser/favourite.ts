// The endpoint that gets the most requests, and why it does.

import type { EndpointView, PoolView } from "../overview.ts";
import type { WhyAnswer } from "../why.ts";
import { askRequest } from "./ask.ts";
import { shownShare } from "./format.ts";

/** Requests per second below which shares say nothing. */
const QUIET_BELOW = 0.02;
/** Milliseconds for which a reason is told, and that pass between two questions. */
const STANDS_FOR_MS = 15_000;
const PAUSE_MS = 2000;

/** Who gets the most requests of a pool, of those who show the same share the first; undefined: there are none to speak of. */
export function favourite(pool: PoolView): EndpointView | undefined {
  if (pool.endpoints.length === 0 || pool.traffic.requests < QUIET_BELOW) return undefined;
  return pool.endpoints.reduce((best, one) => (shownShare(one.share) > shownShare(best.share) ? one : best));
}

/** Explanations of requests that went to favourites, asked for while they are needed. */
export class FavouriteReasons {
  readonly #heard: () => void;
  /** By pool and address. */
  readonly #answers = new Map<string, { readonly at: number; readonly answer: WhyAnswer | undefined }>();
  #askedAt = Number.NEGATIVE_INFINITY;

  /** @param heard is called where an answer has come. */
  constructor(heard: () => void) {
    this.#heard = heard;
  }

  /** Why one of its latest requests went to a pool's favourite; undefined: that is not known, or not yet. */
  of(pool: PoolView): WhyAnswer | undefined {
    const first = favourite(pool);
    if (first === undefined) return undefined;
    const known = this.#answers.get(`${pool.name} ${first.address}`);
    const now = performance.now();
    const isOld = known === undefined || now - known.at > STANDS_FOR_MS;
    if (isOld && !document.hidden && now - this.#askedAt > PAUSE_MS) void this.#ask(pool, first);
    return known?.answer;
  }

  async #ask(pool: PoolView, { key, address }: EndpointView): Promise<void> {
    const last = pool.traffic.recent.find(({ endpoint }) => endpoint === key);
    if (last === undefined) return;
    const at = performance.now();
    this.#askedAt = at;
    const answer = await askRequest(pool.name, last.id);
    // An explanation that comes to another endpoint explains nothing. A later request's may: it is asked for when this
    // one would have stood its time, for browsers that go on asking leave others no answers.
    const explains = typeof answer !== "string" && answer.destinations[0] === address;
    for (const [place, known] of this.#answers) if (at - known.at > 2 * STANDS_FOR_MS) this.#answers.delete(place);
    this.#answers.set(`${pool.name} ${address}`, { at, answer: explains ? answer : undefined });
    this.#heard();
  }
}
