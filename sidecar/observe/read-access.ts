import { createHash } from "node:crypto";
import type { Clock } from "../support/clock.ts";
import type { Log } from "./log.ts";
import { Quiet } from "./quiet.ts";
import { type Reviewer, ReviewFailed, reviewRead, type Verdict } from "./review.ts";

/** Why somebody does not get to read. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  /** For the answer's body. */
  readonly text: string;
}

/** Decides who may read a path by the request's authorization header; undefined: this one may. */
export type MayRead = (authorization: string | undefined, path: string) => Promise<Refusal | undefined>;

/** Milliseconds for which a verdict holds. A token that is taken back, or a role that is given, counts after these. */
const ALLOWED_MS = 60_000;
const REFUSED_MS = 5_000;
/** Verdicts that are remembered: more readers than a sidecar has. */
const MAX_ALLOWED = 256;
/** Their own, so that made-up tokens do not drive out good ones. */
const MAX_REFUSED = 1024;
/** Reviews at one time: made-up tokens must not become a load on the API server. */
const MAX_REVIEWS = 16;
/** Milliseconds for a review, both questions together: less than the 10 s that Prometheus waits. */
const REVIEW_MS = 5_000;

const BEARER = /^bearer +([\w.~+/=-]+)$/i;

const NO_TOKEN: Refusal = { status: 401, text: "a bearer token of this cluster is needed" };
const BUSY: Refusal = { status: 503, text: "too many readers are being asked about, try again" };
const REFUSALS: Readonly<Record<Verdict, (path: string) => Refusal | undefined>> = {
  allowed: () => undefined,
  "unknown token": () => ({ status: 401, text: "the cluster does not know this token" }),
  denied: (path) => ({ status: 403, text: `the token's owner may not get ${path}: a ClusterRole has to allow it` }),
};

/** Verdicts by key, each until its time; the oldest goes where there are too many. */
class Verdicts {
  readonly #lifetime: number;
  readonly #most: number;
  readonly #entries = new Map<string, { verdict: Verdict; until: number }>();

  constructor(lifetime: number, most: number) {
    this.#lifetime = lifetime;
    this.#most = most;
  }

  get(key: string, now: number): Verdict | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || now < entry.until) return entry?.verdict;
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, verdict: Verdict, now: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { verdict, until: now + this.#lifetime });
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.keys().next().value as string);
  }
}

/**
 * Lets those read whom a cluster lets: each token and path is asked about with a TokenReview and a
 * SubjectAccessReview, once for requests that come together, and the verdict holds for a while. Tokens themselves are
 * not kept.
 */
export function readAccess(reviewer: Reviewer, clock: Clock, log: Log): MayRead {
  const allowed = new Verdicts(ALLOWED_MS, MAX_ALLOWED);
  const refused = new Verdicts(REFUSED_MS, MAX_REFUSED);
  const reviews = new Map<string, Promise<Verdict>>();
  const quiet = new Quiet(clock);

  function ask(key: string, token: string, path: string): Promise<Verdict> {
    const late = new AbortController();
    const cancel = clock.after(REVIEW_MS, () => late.abort(`no answer within ${REVIEW_MS / 1000} s`));
    const review = reviewRead(reviewer, token, path, late.signal)
      .then((verdict) => {
        (verdict === "allowed" ? allowed : refused).set(key, verdict, clock.now());
        return verdict;
      })
      .finally(() => {
        cancel();
        reviews.delete(key);
      });
    reviews.set(key, review);
    return review;
  }

  return async (authorization, path) => {
    const token = BEARER.exec(authorization ?? "")?.[1];
    if (token === undefined) return NO_TOKEN;
    const key = `${createHash("sha256").update(token).digest("base64")} ${path}`;
    const known = allowed.get(key, clock.now()) ?? refused.get(key, clock.now());
    if (known !== undefined) return REFUSALS[known](path);
    const shared = reviews.get(key);
    if (shared === undefined && reviews.size >= MAX_REVIEWS) return BUSY;
    try {
      return REFUSALS[await (shared ?? ask(key, token, path))](path);
    } catch (error) {
      if (!(error instanceof ReviewFailed)) throw error;
      const unsaid = quiet.mayI("review");
      if (unsaid !== undefined) log.warn({ path, reason: error.message, unsaid }, "readers cannot be checked");
      return { status: 503, text: error.message };
    }
  };
}
