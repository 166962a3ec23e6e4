import { describe, roleFor, rulesFor } from "../../kubernetes/problems.ts";
import type { Log } from "../../observe/log.ts";
import type { Clock } from "../../support/clock.ts";
import { some } from "../../support/some.ts";
import type { Watch } from "./kind-watch.ts";
import type { ObjectRecord } from "./read-object.ts";

/** Milliseconds before a problem is told: many are over by then, and those of one cause come together. */
const PATIENCE_MS = 1000;
/** Milliseconds from one look to the next. */
const INTERVAL_MS = 10_000;

export type AnyWatch = Watch<ObjectRecord>;

/** Kinds of which nothing was ever read, and nothing waits for. */
function tellDoneWithout(log: Log, watches: readonly AnyWatch[]): void {
  const selections = watches.map(({ collection }) => collection.selection);
  const roles = [...Map.groupBy(selections, ({ namespace }) => namespace)].map(([namespace, those]) => {
    return { role: roleFor(namespace), rules: rulesFor(those.map(({ resource }) => resource)) };
  });
  for (const same of Map.groupBy(roles, ({ rules }) => rules.join()).values()) {
    const fields = { missingRules: same[0]?.rules, of: some(same.map(({ role }) => role)) };
    log.info(fields, "kinds that may not be read are done without");
  }
}

/** Tells which collections cannot be read, and when they can again: each problem once while it lasts. */
export class ClusterProblems {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watches: () => Iterable<AnyWatch>;
  readonly #isMissed: (watch: AnyWatch) => boolean;
  /** What is known to people of each that is not well. */
  #told = new Map<AnyWatch, string>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #stopped = false;

  /**
   * @param watches all that there are now.
   * @param isMissed whether what one has never read is waited for.
   */
  constructor(clock: Clock, log: Log, watches: () => Iterable<AnyWatch>, isMissed: (watch: AnyWatch) => boolean) {
    this.#clock = clock;
    this.#log = log;
    this.#watches = watches;
    this.#isMissed = isMissed;
  }

  /** A collection's state may have changed. */
  changed(): void {
    if (this.#stopped || this.#cancel !== undefined) return;
    const wait = Math.max(PATIENCE_MS, this.#lookedAt + INTERVAL_MS - this.#clock.now());
    this.#cancel = this.#clock.after(wait, () => {
      this.#cancel = undefined;
      this.#lookedAt = this.#clock.now();
      this.#look();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #look(): void {
    const told = new Map<AnyWatch, string>();
    const doneWithout: AnyWatch[] = [];
    const problems = new Set<string>();
    const mended: string[] = [];
    for (const watch of this.#watches()) {
      const { problem, state, selection } = watch.collection;
      const before = this.#told.get(watch);
      // A kind that is not installed is nobody's fault; where it is needed, the start says what it waits for.
      if (problem === undefined || state === "absent") {
        if (before !== undefined) mended.push(describe(selection));
        continue;
      }
      const isDoneWithout = state === "denied" && !watch.listed && !this.#isMissed(watch);
      const text = isDoneWithout ? state : problem;
      told.set(watch, text);
      if (before === text) continue;
      if (isDoneWithout) doneWithout.push(watch);
      else problems.add(problem);
    }
    this.#told = told;
    if (problems.size > 0) this.#log.warn({ problems: some([...problems]) }, "cluster cannot be read");
    if (doneWithout.length > 0) tellDoneWithout(this.#log, doneWithout);
    if (mended.length > 0) this.#log.info({ reading: some(mended) }, "cluster is read again");
  }
}
