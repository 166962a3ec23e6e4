import type { Log } from "../observe/log.ts";
import { Quiet } from "../observe/quiet.ts";
import { type Clock, systemClock } from "../support/clock.ts";
import type { Collection, CollectionOptions, CollectionSource } from "./collection.ts";
import { Connection } from "./connection.ts";
import { Credentials } from "./credentials.ts";
import { type ClusterSettings, findKubeConfig, type Surroundings } from "./kubeconfig.ts";
import { ListWatch, type ListWatchParts } from "./list-watch.ts";
import { type KubernetesObserver, NO_OBSERVER } from "./observer.ts";
import type { Selection } from "./resource.ts";

/** What a cluster's parts work with. */
export interface ClusterOptions extends ClusterSettings {
  readonly log: Log;
  readonly observer?: KubernetesObserver;
  readonly clock?: Clock;
  /** A number from 0 to 1, below 1. */
  readonly random?: () => number;
  /** Where a configuration is looked for; the process's own where left out. */
  readonly surroundings?: Surroundings;
}

/** A cluster's API server. */
export class Cluster implements CollectionSource {
  readonly connection: Connection;
  readonly #parts: ListWatchParts;

  constructor(parts: ListWatchParts) {
    this.connection = parts.connection;
    this.#parts = parts;
  }

  /** Makes a collection, which is to be started. */
  collect<T>(selection: Selection, options: CollectionOptions<T>): Collection<T> {
    return new ListWatch<T>(this.#parts, selection, options);
  }

  /** Stops every collection and closes every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#parts.running].map((collection) => collection.stop()));
    await this.connection.close();
  }
}

/**
 * Prepares the connection to the cluster that the settings mean: --kubeconfig, else $KUBECONFIG, else the pod's service
 * account, else ~/.kube/config. Nothing is sent yet.
 * @throws NoCluster where none is configured, or what is configured cannot be used.
 */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const { log, observer = NO_OBSERVER, clock = systemClock, random = Math.random } = options;
  const connection = new Connection(new Credentials(await findKubeConfig(options, options.surroundings)), clock);
  return new Cluster({ connection, clock, random, log, quiet: new Quiet(clock), observer, running: new Set() });
}
