import type { ReloadObserver } from "../epp-config/config-file.ts";

/** The configuration in force, and what is wrong with the one that is not. */
export interface ConfigStanding {
  /** Path of the file, or what stands in its place. */
  readonly origin: string;
  /** Milliseconds since 1970 of when the plan came into force. */
  readonly since: number;
  /** Why the file's present version is not in force, for people; none: it is. */
  readonly problems: readonly string[];
}

/** Follows reloads for the page, and passes them on. */
export class ConfigNews implements ReloadObserver {
  readonly #next: ReloadObserver;
  #standing: ConfigStanding;

  constructor(origin: string, next: ReloadObserver) {
    this.#next = next;
    this.#standing = { origin, since: Date.now(), problems: [] };
  }

  get standing(): ConfigStanding {
    return this.#standing;
  }

  reloaded(...[result, problems]: Parameters<ReloadObserver["reloaded"]>): void {
    const since = result === "applied" ? Date.now() : this.#standing.since;
    this.#standing = { ...this.#standing, since, problems };
    this.#next.reloaded(result, problems);
  }
}
