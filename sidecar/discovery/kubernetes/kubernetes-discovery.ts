import type { CollectionSource } from "../../kubernetes/collection.ts";
import type { Log } from "../../observe/log.ts";
import { Quiet } from "../../observe/quiet.ts";
import { Burst } from "../../support/burst.ts";
import { type Clock, systemClock } from "../../support/clock.ts";
import type { DiscoveredPool, Discovery } from "../pool.ts";
import { PoolNews } from "../pool-news.ts";
import { type ClusterKinds, clusterKinds, optionalWatches } from "./cluster-kinds.ts";
import { ClusterPools } from "./cluster-pools.ts";
import { type AnyWatch, ClusterProblems } from "./cluster-problems.ts";
import { ObjectWarnings } from "./object-warnings.ts";
import { PodWatches } from "./pod-watches.ts";
import type { Scope } from "./scope.ts";
import { tellWaiting } from "./waiting.ts";

export interface KubernetesDiscoveryOptions {
  readonly source: CollectionSource;
  readonly scope: Scope;
  readonly log: Log;
  /** The machine's own where left out. */
  readonly clock?: Clock;
  /** Whether the zone of a pod that names none is read from its node, which needs a ClusterRole; false where left out. */
  readonly nodeZones?: boolean;
}

/** Milliseconds for which the first pools wait for the kinds that may be missing. */
const GRACE_MS = 2000;
/** Milliseconds in which changes of objects are gathered. */
const BURST_MS = 5;

/** Watches the pools of a cluster and their pods. */
export class KubernetesDiscovery implements Discovery {
  readonly #scope: Scope;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #kinds: ClusterKinds;
  readonly #pods: PodWatches;
  readonly #pools: ClusterPools;
  readonly #burst: Burst;
  readonly #problems: ClusterProblems;
  readonly #news: PoolNews;
  readonly #first = Promise.withResolvers<void>();
  #listener: ((pools: readonly DiscoveredPool[]) => void) | undefined;
  /** Whether the listener has been called. */
  #delivered = false;
  #graceOver = false;
  #cancelGrace: (() => void) | undefined;
  #endWaiting: (() => void) | undefined;

  constructor({ source, scope, log, clock = systemClock, nodeZones = false }: KubernetesDiscoveryOptions) {
    this.#scope = scope;
    this.#clock = clock;
    this.#log = log;
    const warnings = new ObjectWarnings(clock, log);
    this.#burst = new Burst(clock, BURST_MS, () => this.#update());
    const isMissed = (watch: AnyWatch) => this.#missing().includes(watch);
    this.#problems = new ClusterProblems(clock, log, () => this.#watches(), isMissed);
    this.#news = new PoolNews(clock, log, { source: "cluster" });
    const context = { source, warnings, stateChanged: () => this.#problems.changed() };
    const after =
      <A extends unknown[]>(note: (...about: A) => void) =>
      (...about: A): void => {
        note(...about);
        this.#burst.changed();
      };
    this.#kinds = clusterKinds(context, scope, nodeZones, {
      pools: after(() => this.#pools.poolsChanged()),
      policies: after(() => this.#pools.policiesChanged()),
      zones: after(() => this.#pools.zonesChanged()),
    });
    this.#pods = new PodWatches(
      context,
      nodeZones,
      after((watch) => this.#pools.podsChanged(watch)),
    );
    const quiet = new Quiet(clock);
    this.#pools = new ClusterPools({ scope, kinds: this.#kinds, pods: this.#pods, log, quiet, warnings });
  }

  /** Waits for the cluster as long as it takes; rejects where it is stopped before the pools are known. */
  start(listener: (pools: readonly DiscoveredPool[]) => void): Promise<void> {
    this.#listener = listener;
    this.#endWaiting = tellWaiting(this.#clock, this.#log, () => this.#missing());
    for (const { collection } of this.#watches()) collection.start();
    // Without pool objects to wait for there is a pool already.
    this.#burst.changed();
    return this.#first.promise;
  }

  async stop(): Promise<void> {
    this.#listener = undefined;
    this.#burst.stop();
    this.#problems.stop();
    this.#news.stop();
    this.#endWaiting?.();
    this.#cancelGrace?.();
    // A rejection that nobody waits for would end the process.
    this.#first.promise.catch(() => undefined);
    this.#first.reject(new Error("stopped before the pools of the cluster were known"));
    const kinds = [...this.#kinds.pools.flat(), ...optionalWatches(this.#kinds)];
    await Promise.all([this.#pods.stop(), ...kinds.map(({ collection }) => collection.stop())]);
  }

  *#watches(): Iterable<AnyWatch> {
    yield* this.#kinds.pools.flat();
    yield* optionalWatches(this.#kinds);
    yield* this.#pods.all();
  }

  /** What the first list of pools waits for. */
  #missing(): readonly AnyWatch[] {
    const pools = this.#kinds.pools.filter(
      (kinds) => !kinds.every(({ settled }) => settled) || !kinds.some(({ listed }) => listed),
    );
    const missing = [...pools.flat(), ...this.#pods.all()].filter(({ listed }) => !listed);
    if (missing.length > 0 || this.#graceOver) return missing;
    return optionalWatches(this.#kinds).filter(({ settled }) => !settled);
  }

  #update(): void {
    const changed = this.#pools.refresh();
    if (this.#listener === undefined) return;
    if (!this.#delivered && !this.#isComplete()) return;
    if (this.#delivered && !changed) return;
    const versions = this.#pools.versions();
    this.#listener(versions);
    this.#news.applied(versions);
    if (this.#delivered) return;
    this.#delivered = true;
    this.#endWaiting?.();
    this.#cancelGrace?.();
    this.#first.resolve();
    if (versions.length === 0) this.#tellNoPools();
  }

  /** Nothing is wrong with the cluster then, and nothing else would say why no gateway gets an endpoint. */
  #tellNoPools(): void {
    if (this.#scope.kind === "pool") {
      const { namespace, name, group } = this.#scope;
      this.#log.warn({ pool: `${namespace}/${name}`, group }, "there is no such InferencePool yet");
    } else {
      this.#log.warn({ scope: this.#scope }, "there are no InferencePools yet");
    }
  }

  #isComplete(): boolean {
    const missing = this.#missing();
    if (missing.length === 0) return true;
    const required = new Set<AnyWatch>([...this.#kinds.pools.flat(), ...this.#pods.all()]);
    if (!missing.some((watch) => required.has(watch))) {
      this.#cancelGrace ??= this.#clock.after(GRACE_MS, () => {
        this.#graceOver = true;
        this.#burst.changed();
      });
    }
    return false;
  }
}
