// What a watch of an API server gives to those who use it.

import type { Selection } from "./resource.ts";

/**
 * How a collection stands: `listing` before the first complete list; `watching`; `absent`, the API server has no such
 * kind (yet); `denied`, the sidecar may not read it; `away`, the API server cannot be reached or answers with errors.
 * After the first list the objects stay as they were last seen, whatever the state.
 */
export type CollectionState = "listing" | "watching" | "absent" | "denied" | "away";

/** Objects that a list and its watch keep up to date. */
export interface Collection<T> {
  readonly selection: Selection;
  /** By `namespace/name`. Never changed within a turn of the event loop without a call of onChange. */
  readonly objects: ReadonlyMap<string, T>;
  readonly state: CollectionState;
  /** Whether `objects` is complete: a list has been read, or it is known that there is none (`absent`, `denied`). */
  readonly settled: boolean;
  /** What is wrong, for people, with what would mend it; undefined where nothing is. */
  readonly problem: string | undefined;
  start(): void;
  /** Ends the watch; onChange is not called any more. */
  stop(): Promise<void>;
}

/** How a collection is made. */
export interface CollectionOptions<T> {
  /** What is kept of an object; undefined: it is left out as if it were not there. Must not keep the object alive. */
  readonly read: (object: unknown) => T | undefined;
  /** Called once per batch of changes of objects, state or `settled`. */
  readonly onChange: () => void;
}

/** Makes collections; the one thing that discovery needs of a connection to an API server. */
export interface CollectionSource {
  collect<T>(selection: Selection, options: CollectionOptions<T>): Collection<T>;
}
