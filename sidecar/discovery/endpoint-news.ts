// What a new version of the pools changes, told in the log.

import { isDeepStrictEqual } from "node:util";
import type { Log } from "../observe/log.ts";
import type { EndpointFile, EndpointFileError } from "./endpoint-file.ts";
import type { DiscoveredEndpoint, DiscoveredPool } from "./pool.ts";

/** Items of a list that a log line has room for. */
const MOST = 10;

/** How a look at a changed endpoint file ended: `refused` where it could not be read or used. */
export type EndpointsResult = "applied" | "refused";

/** Who counts reloads of the endpoint file. */
export interface EndpointsObserver {
  reloaded(result: EndpointsResult): void;
}

function some(items: readonly string[]): readonly string[] {
  return items.length <= MOST ? items : [...items.slice(0, MOST), `and ${items.length - MOST} more`];
}

/** `{name: [...]}` where there are any. */
function listed(name: string, items: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return items.length === 0 ? {} : { [name]: some(items) };
}

function changesOf(before: DiscoveredEndpoint, after: DiscoveredEndpoint): readonly string[] {
  const [a, b] = [before.endpoint, after.endpoint];
  return [
    ...(before.ready === after.ready ? [] : [after.ready ? "ready" : "not ready"]),
    ...(isDeepStrictEqual(a.labels, b.labels) ? [] : ["labels"]),
    ...(["name", "zone", "rank"] as const).filter((field) => a[field] !== b[field]),
    ...(before.metricsUrl === after.metricsUrl ? [] : ["metrics"]),
  ];
}

/** Addresses by what has become of them; what is the same is left out, and so are lists of nothing. */
function difference(before: DiscoveredPool | undefined, after: DiscoveredPool): object {
  const old = new Map(before?.endpoints.map((one) => [one.endpoint.address, one]));
  const added: string[] = [];
  const changed: string[] = [];
  for (const one of after.endpoints) {
    const { address } = one.endpoint;
    const was = old.get(address);
    old.delete(address);
    const changes = was === undefined ? [] : changesOf(was, one);
    if (was === undefined) added.push(address);
    else if (changes.length > 0) changed.push(`${address} (${changes.join(", ")})`);
  }
  return { ...listed("added", added), ...listed("removed", [...old.keys()]), ...listed("changed", changed) };
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
    const told = pools.filter((pool) => this.#tell(before?.get(pool.name), pool, before === undefined)).length;
    const gone = [...(before?.keys() ?? [])].filter((name) => !this.#pools!.has(name));
    for (const pool of gone) this.#log.info({ file: this.#file, pool }, "pool is gone");
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

  /** @returns whether there was anything to tell of the pool. */
  #tell(before: DiscoveredPool | undefined, after: DiscoveredPool, isFirst: boolean): boolean {
    const changes = isFirst ? {} : difference(before, after);
    if (before !== undefined && Object.keys(changes).length === 0) return false;
    const { name: pool, endpoints } = after;
    this.#log.info({ file: this.#file, pool, endpoints: endpoints.length, ...changes }, "endpoints in force");
    // Told when it becomes so, not with every version that leaves it so.
    if (endpoints.length === 0) this.#log.warn({ file: this.#file, pool }, "pool has no endpoints");
    return true;
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
