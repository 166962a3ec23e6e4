// What a new version of the endpoint file changes, told in the log.

import type { Log } from "../observe/log.ts";
import { some } from "../support/some.ts";
import type { EndpointFile, EndpointFileError } from "./endpoint-file.ts";
import type { DiscoveredPool } from "./pool.ts";
import { tellGone, tellPool } from "./pool-difference.ts";

/** How a look at a changed endpoint file ended: `refused` where it could not be read or used. */
export type EndpointsResult = "applied" | "refused";

/** Who counts reloads of the endpoint file. */
export interface EndpointsObserver {
  reloaded(result: EndpointsResult): void;
}

/** Tells of each version of an endpoint file. */
export class EndpointNews {
  readonly #file: string;
  readonly #log: Log;
  readonly #observer: EndpointsObserver;
  /** By name; undefined before the first version. */
  #pools: ReadonlyMap<string, DiscoveredPool> | undefined;
  #warnings = "";

  constructor(file: string, log: Log, observer: EndpointsObserver) {
    this.#file = file;
    this.#log = log;
    this.#observer = observer;
  }

  /** A version is in force. */
  applied({ pools, warnings }: EndpointFile): void {
    const before = this.#pools;
    this.#pools = new Map(pools.map((pool) => [pool.name, pool]));
    const source = { file: this.#file };
    const isFirst = before === undefined;
    const told = pools.filter((pool) => tellPool(this.#log, source, before?.get(pool.name), pool, isFirst)).length;
    const gone = [...(before?.keys() ?? [])].filter((name) => !this.#pools!.has(name));
    for (const pool of gone) tellGone(this.#log, source, pool);
    if (before !== undefined) {
      this.#observer.reloaded("applied");
      if (told + gone.length === 0) {
        this.#log.info({ file: this.#file }, "endpoint file changed, the endpoints did not");
      }
    }
    this.#warn(warnings);
  }

  /** A later version is refused. */
  refused({ problems }: EndpointFileError): void {
    this.#log.error({ file: this.#file, problems }, "new endpoints refused, the last good ones stay");
    this.#observer.reloaded("refused");
  }

  /** Warnings that the version before had are no news. */
  #warn(warnings: readonly string[]): void {
    const text = warnings.join("\n");
    if (text !== "" && text !== this.#warnings) {
      this.#log.warn({ file: this.#file, warnings: some(warnings) }, "endpoint file warnings");
    }
    this.#warnings = text;
  }
}
