import {
  KubernetesDiscovery,
  type KubernetesDiscoveryOptions,
} from "../../../../sidecar/discovery/kubernetes/kubernetes-discovery.ts";
import { ObjectWarnings } from "../../../../sidecar/discovery/kubernetes/object-warnings.ts";
import {
  type ObjectReader,
  type ObjectRecord,
  readObject,
} from "../../../../sidecar/discovery/kubernetes/read-object.ts";
import type { DiscoveredPool } from "../../../../sidecar/discovery/pool.ts";
import { RecordingLog } from "../../push/recorder.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryCluster, type MemoryClusterOptions } from "./memory-cluster.ts";
import type { ApiObject } from "./objects.ts";

/** One object through a reader: what is kept of it, and what is told. */
export function readOne<T extends ObjectRecord>(object: ApiObject, read: ObjectReader<T>) {
  const log = new RecordingLog();
  const warnings = new ObjectWarnings(new ManualClock(), log);
  const record = readObject(object, {
    kind: object.kind,
    read,
    warnings,
    before: () => undefined,
    same: () => false,
  });
  return { record, told: log.lines.map(({ message, fields }) => [fields.object, fields.problems, message]) };
}

export interface Setting
  extends MemoryClusterOptions,
    Partial<Pick<KubernetesDiscoveryOptions, "scope" | "nodeZones">> {
  readonly objects?: readonly ApiObject[];
}

/** A discovery on a cluster in memory. */
export function setUp({ objects = [], scope = { kind: "all" }, nodeZones = false, ...options }: Setting = {}) {
  const cluster = new MemoryCluster(options);
  cluster.restore(...objects);
  const clock = new ManualClock();
  const log = new RecordingLog();
  const discovery = new KubernetesDiscovery({ source: cluster, scope, clock, log, nodeZones });
  /** What the listener was called with. */
  const calls: (readonly DiscoveredPool[])[] = [];
  const latest = (): readonly DiscoveredPool[] => calls.at(-1) ?? [];
  const settle = () => clock.advance(5);
  const start = (): Promise<void> => {
    const started = discovery.start((pools) => calls.push(pools));
    settle();
    return started;
  };
  return {
    cluster,
    clock,
    log,
    discovery,
    calls,
    latest,
    /** Starts, and lets what is there at once be delivered. */
    start,
    /** Starts on a slow cluster, which lists everything else before it lists pods. */
    async startListing(): Promise<void> {
      const started = start();
      cluster.list();
      settle();
      cluster.list("Pod");
      settle();
      await started;
    },
    /** The pools as `name: address address(not ready)`. */
    shown: () =>
      latest().map(({ name, endpoints }) =>
        `${name}: ${endpoints.map(({ endpoint, ready }) => endpoint.address + (ready ? "" : "?")).join(" ")}`.trim(),
      ),
    pool: (name: string) => latest().find((one) => one.name === name),
    /** Lets what was gathered be delivered. */
    settle,
  };
}
