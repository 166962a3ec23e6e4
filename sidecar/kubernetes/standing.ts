// How a collection stands, and who is told of it.

import type { Log } from "../observe/log.ts";
import type { Quiet } from "../observe/quiet.ts";
import type { CollectionState } from "./collection.ts";
import type { ErrorReason, KubernetesObserver } from "./observer.ts";
import { resourceName } from "./paths.ts";
import { describe } from "./problems.ts";
import type { Selection } from "./resource.ts";

/** Whom collections tell. */
export interface Audience {
  readonly log: Log;
  readonly quiet: Quiet;
  readonly observer: KubernetesObserver;
}

/** These are worth a warning by themselves; others only when objects cannot be read. */
const STRANGE_REASONS: readonly ErrorReason[] = ["garbage", "too_large", "unreadable"];

/** State, problem and log of one collection. */
export class Standing {
  readonly #audience: Audience;
  readonly #selection: Selection;
  state: CollectionState = "listing";
  settled = false;
  problem: string | undefined;

  constructor(audience: Audience, selection: Selection) {
    this.#audience = audience;
    this.#selection = selection;
  }

  /**
   * Takes a new state.
   * @param count of objects, for the log.
   * @returns whether state or `settled` are other ones now.
   */
  change(state: CollectionState, problem: string | undefined, count: number): boolean {
    // What is away for a while was, or will be, settled by an answer.
    const settled = this.settled || state !== "away";
    const isNews = this.state !== state || this.settled !== settled;
    const isMended = this.problem !== undefined && problem === undefined;
    this.state = state;
    this.settled = settled;
    this.problem = problem;
    // Whoever has the collection knows whether it is missed, and tells people so.
    const { log } = this.#audience;
    const fields = { objects: describe(this.#selection), count };
    if (isMended) log.debug(fields, "objects of the cluster are kept up to date again");
    if (problem !== undefined)
      log.debug({ ...fields, state, problem }, "objects of the cluster are not kept up to date");
    return isNews;
  }

  /** Counts what did not go as it should. */
  failed(reason: ErrorReason, message: string): void {
    const { observer, log, quiet } = this.#audience;
    const { resource } = this.#selection;
    observer.failed(resource.kind, reason);
    const fields = { objects: describe(this.#selection), reason, error: message };
    if (!STRANGE_REASONS.includes(reason)) {
      log.debug(fields, "a request for objects of the cluster ended");
      return;
    }
    const unsaid = quiet.mayI(`${resourceName(resource)} ${reason}`);
    if (unsaid !== undefined) log.warn({ ...fields, unsaid }, "the cluster sends what cannot be read");
  }
}
