// The last requests of a pool, for people: no more in a second than they can read.

import type { Observation, ObservedModel } from "../../wire/model.ts";
import { Allowance } from "./allowance.ts";

const MICROSECONDS_PER_MS = 1000;
/** Requests that are listed, and that can be asked about. */
const LISTED = 50;
const KNOWN = 300;
/** Requests of one kind, those in error or the others, that are listed per second, and at once after a silence. */
const PER_SECOND = 5;
const AT_ONCE = 20;
const ERROR_FROM = 400;
/** Milliseconds for which explanations are kept, and requests that are no longer listed. */
const KEPT_MS = 600_000;
/** Milliseconds after its end that a request is told of at most. */
const TOLD_WITHIN_MS = 250;

/** A request that is over. Times are milliseconds; undefined: there is none. */
export interface RecentRequest {
  /** By which it is asked about; unique in its pool. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly model: string;
  readonly target: string;
  readonly priority: number;
  /** Key of the endpoint that served, as 16 hexadecimal digits; undefined: the gateway answered, or, where the status is
   * 0, nobody did. */
  readonly endpoint: string | undefined;
  readonly status: number;
  readonly duration: number;
  readonly queued: number;
  readonly ttft: number | undefined;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

/** A listed request with what only an explanation needs. */
export interface KnownRequest {
  readonly request: RecentRequest;
  /** Monotonic milliseconds at which its endpoint was picked, at the earliest. */
  readonly decidedAt: number;
  /** Bytes of its body. */
  readonly bytes: number;
  /** The gateway's own explanation, JSON; empty: it has told none, or it is kept no longer. */
  readonly explanation: string;
}

interface Kept extends KnownRequest {
  /** Monotonic milliseconds. */
  readonly toldAt: number;
  explanation: string;
}

function nameOf(model: ObservedModel | "other" | undefined): string {
  return model === undefined ? "" : model === "other" ? "(other)" : model.name;
}

/** An endpoint's key as it stands in JSON. */
export function keyText(key: bigint): string {
  return key.toString(16).padStart(16, "0");
}

/** Whether the request ended in an error, or without an answer. */
export function isError({ status }: Pick<Observation, "status">): boolean {
  return status === 0 || status >= ERROR_FROM;
}

function recentOf(id: number, at: number, record: Observation): RecentRequest {
  const ms = (microseconds: number) => microseconds / MICROSECONDS_PER_MS;
  return {
    ...{ id, at, model: nameOf(record.model), target: nameOf(record.target), priority: record.priority },
    endpoint: record.endpoint === 0n ? undefined : keyText(record.endpoint),
    status: record.status,
    duration: ms(record.duration),
    queued: ms(record.queued),
    ttft: record.ttft === 0 ? undefined : ms(record.ttft),
    promptTokens: record.prompt,
    cachedTokens: record.cached,
    outputTokens: record.output,
  };
}

/** Remembers requests. Errors have an allowance of their own, so that they are seen among many that go well. */
export class RecentRequests {
  /** Counts for all pools: one that comes back gives no id again that somebody may still ask about. */
  static #last = 0;
  readonly #errors = new Allowance(AT_ONCE, PER_SECOND);
  readonly #others = new Allowance(AT_ONCE, PER_SECOND);
  #known: Kept[] = [];

  /**
   * A request is over.
   * @param now monotonic milliseconds; `at` those since 1970.
   * @param explanation the gateway's, JSON; empty: it has told none.
   */
  add(record: Observation, now: number, at: number, explanation: string): void {
    if (!(isError(record) ? this.#errors : this.#others).take(now)) return;
    const request = recentOf(++RecentRequests.#last, at, record);
    const decidedAt = now - TOLD_WITHIN_MS - (request.duration - request.queued);
    this.#known.push({ request, decidedAt, bytes: record.requestBytes, explanation, toldAt: now });
    const unlisted = this.#known.at(-LISTED - 1);
    // Kilobytes each, where those of all requests that are known would be megabytes for each pool.
    if (unlisted !== undefined) unlisted.explanation = "";
    if (this.#known.length > KNOWN) this.#known.shift();
  }

  /** Forgets what is long past at that monotonic time, but of those that are listed only their explanations. */
  forget(now: number): void {
    const isPast = ({ toldAt }: Kept) => now - toldAt > KEPT_MS;
    for (const known of this.#known) if (isPast(known)) known.explanation = "";
    const firstListed = this.#known.length - LISTED;
    this.#known = this.#known.filter((known, index) => index >= firstListed || !isPast(known));
  }

  /** Those that are listed, the newest first. */
  get listed(): RecentRequest[] {
    return this.#known
      .slice(-LISTED)
      .map(({ request }) => request)
      .reverse();
  }

  /** The request of that id; undefined: it is long past, or was not listed. */
  find(id: number): KnownRequest | undefined {
    return this.#known.find(({ request }) => request.id === id);
  }
}
