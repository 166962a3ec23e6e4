import { stringify } from "yaml";
import type { EndpointPickerConfig } from "../epp-config/config.ts";
import type { ReloadObserver } from "../epp-config/config-file.ts";
import { printable } from "../epp-config/print.ts";
import { hideInText, hideSecrets } from "./hide-secrets.ts";

/** The configuration in force, and what is wrong with the one that is not. */
export interface ConfigStanding {
  /** Path of the file, or what stands in its place. */
  readonly origin: string;
  /** Milliseconds since 1970 of when the plan came into force. */
  readonly since: number;
  /** Moves when the configuration's text may be another one. */
  readonly revision: number;
  /** Why the file's present version is not in force, for people; none: it is. */
  readonly problems: readonly string[];
}

/** Follows reloads for the page, and passes them on. */
export class ConfigNews implements ReloadObserver {
  readonly #next: ReloadObserver;
  #standing: ConfigStanding;

  constructor(origin: string, next: ReloadObserver) {
    this.#next = next;
    this.#standing = { origin, since: Date.now(), revision: 1, problems: [] };
  }

  get standing(): ConfigStanding {
    return this.#standing;
  }

  reloaded(...[result, problems]: Parameters<ReloadObserver["reloaded"]>): void {
    const { origin, since, revision } = this.#standing;
    this.#standing = {
      origin,
      since: result === "applied" ? Date.now() : since,
      revision: result === "applied" || result === "unchanged" ? revision + 1 : revision,
      problems: problems.map(hideInText),
    };
    this.#next.reloaded(result, problems);
  }
}

/** The configuration as YAML with all defaults, as `inline-epp check` prints it, but without secrets. */
export function configText(config: EndpointPickerConfig): string {
  return stringify(hideSecrets(printable(config)));
}
