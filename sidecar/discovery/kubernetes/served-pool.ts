import { MAX_ENDPOINTS } from "../../../wire/layout.ts";
import type { Log } from "../../observe/log.ts";
import type { Quiet } from "../../observe/quiet.ts";
import type { DiscoveredEndpoint, DiscoveredPool, Policies } from "../pool.ts";
import type { PodWatch, PodWatches } from "./pod-watches.ts";
import { samePolicies } from "./policies.ts";
import { PoolRoster } from "./pool-roster.ts";
import { rosterProblem } from "./roster-size.ts";

/** Which pods a pool has, and which of their ports. */
export interface PoolSpec {
  readonly namespace: string;
  readonly selector: string;
  readonly targetPorts: readonly number[];
}

interface Following {
  readonly spec: PoolSpec;
  readonly watch: PodWatch;
}

/** What a pool's version is made with. */
export interface Surroundings {
  /** Watches whose pods have changed since the last version. */
  readonly changed: ReadonlySet<PodWatch>;
  readonly zonesChanged: boolean;
  readonly zoneOf: (node: string) => string;
  readonly policies: Policies;
}

export interface ServedPoolOptions {
  readonly watches: PodWatches;
  readonly log: Log;
  readonly quiet: Quiet;
}

function sameRoster(a: readonly DiscoveredEndpoint[], b: readonly DiscoveredEndpoint[]): boolean {
  return a.length === b.length && a.every((one, index) => one.endpoint === b[index]?.endpoint);
}

/** A pool of the cluster, from its selector to its endpoints. */
export class ServedPool {
  readonly #name: string;
  readonly #options: ServedPoolOptions;
  readonly #roster = new PoolRoster();
  /** Whose pods the endpoints are. */
  #current: Following | undefined;
  /** Whose pods they are to be as soon as those are known. */
  #next: Following | undefined;
  #version: DiscoveredPool | undefined;

  constructor(name: string, options: ServedPoolOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** The last version that could be used; undefined before the first. */
  get version(): DiscoveredPool | undefined {
    return this.#version;
  }

  /** What its pods are from now on. Where another selector's are not known yet, the endpoints stay until they are. */
  follow(spec: PoolSpec): void {
    const wanted = this.#next ?? this.#current;
    const same = wanted?.spec.selector === spec.selector && wanted.spec.targetPorts.join() === spec.targetPorts.join();
    if (same) return;
    const before = this.#next;
    this.#next = { spec, watch: this.#options.watches.acquire(spec.namespace, spec.selector) };
    if (before !== undefined) this.#options.watches.release(before.watch);
  }

  /** Makes the next version. @returns whether it is another one. */
  refresh({ changed, zonesChanged, zoneOf, policies }: Surroundings): boolean {
    const switched = this.#switch();
    if (this.#current === undefined) return false;
    const { watch, spec } = this.#current;
    if (switched || zonesChanged || changed.has(watch)) {
      this.#roster.update(watch.pods.records, spec.targetPorts, zoneOf);
    }
    const { endpoints } = this.#roster;
    const before = this.#version;
    if (before?.endpoints === endpoints && samePolicies(before, policies)) return false;
    if (!this.#fits(endpoints)) {
      if (before === undefined || samePolicies(before, policies)) return false;
      this.#version = { ...before, ...policies };
      return true;
    }
    this.#version = { name: this.#name, endpoints, objectives: policies.objectives, rewrites: policies.rewrites };
    return true;
  }

  /** Its pods are no longer needed. */
  end(): void {
    for (const following of [this.#current, this.#next]) {
      if (following !== undefined) this.#options.watches.release(following.watch);
    }
  }

  #switch(): boolean {
    if (this.#next?.watch.pods.listed !== true) return false;
    const before = this.#current;
    this.#current = this.#next;
    this.#next = undefined;
    if (before !== undefined) this.#options.watches.release(before.watch);
    return true;
  }

  #fits(endpoints: readonly DiscoveredEndpoint[]): boolean {
    const { log, quiet } = this.#options;
    const pool = this.#name;
    if (this.#version !== undefined && sameRoster(this.#version.endpoints, endpoints)) return true;
    const { found } = this.#roster;
    if (found > MAX_ENDPOINTS && quiet.mayI(`endpoints ${pool}`) !== undefined) {
      log.error({ pool, endpoints: found, served: MAX_ENDPOINTS }, "too many endpoints, the last ones are not served");
    }
    const problem = rosterProblem(
      pool,
      endpoints.map(({ endpoint }) => endpoint),
    );
    if (problem !== undefined && quiet.mayI(`roster ${pool}`) !== undefined) {
      log.error(
        { pool, endpoints: endpoints.length, problem },
        "endpoints are more than a gateway takes, the last good ones stay",
      );
    }
    return problem === undefined;
  }
}
