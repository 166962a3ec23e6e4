// A server, a connection to it and collections on it, all gone when the test has ended.

import type { TestContext } from "node:test";
import { type Cluster, openCluster } from "../../../sidecar/kubernetes/cluster.ts";
import type { Collection } from "../../../sidecar/kubernetes/collection.ts";
import { type KubernetesObserver, NO_OBSERVER } from "../../../sidecar/kubernetes/observer.ts";
import type { Selection } from "../../../sidecar/kubernetes/resource.ts";
import type { Log } from "../../../sidecar/observe/log.ts";
import { type Clock, systemClock } from "../../../sidecar/support/clock.ts";
import { ApiServer, type KubernetesObject, PODS } from "../../harness/api-server.ts";

/** Waits in turns of the event loop, for what needs the network and no time. */
export async function until(holds: () => boolean, what = "what the test waits for"): Promise<void> {
  const end = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`${what} does not come`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The system's time, so many times faster, until it is told to be as fast as that. */
export interface FastClock extends Clock {
  slowDown(): void;
}

export function fastClock(times: number): FastClock {
  let factor = times;
  let from = systemClock.now();
  let start = from;
  const now = (): number => start + (systemClock.now() - from) * factor;
  return {
    now,
    wall: systemClock.wall,
    after: (milliseconds, callback) => systemClock.after(milliseconds / factor, callback),
    slowDown() {
      start = now();
      from = systemClock.now();
      factor = 1;
    },
  };
}

export const SILENT: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** What collections tell their observer, in order: `list`, `watch`, or the reason of an error. */
export function recorder(seen: string[]): KubernetesObserver {
  return {
    ...NO_OBSERVER,
    listed: () => seen.push("list"),
    watched: () => seen.push("watch"),
    failed: (_, reason) => seen.push(reason),
  };
}

/** What a cluster is opened with, if not with what tests need most. */
export interface SetUp {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** In place of the recorder. */
  readonly observer?: KubernetesObserver;
  readonly log?: Log;
  readonly token?: string;
}

/** A server of pods, a connection to it, and what its collections tell, as of `recorder`. */
export async function setUp(
  t: TestContext,
  { token, log = SILENT, ...options }: SetUp = {},
): Promise<{ server: ApiServer; cluster: Cluster; seen: string[] }> {
  const seen: string[] = [];
  const server = await ApiServer.start({ resources: [PODS], ...(token === undefined ? {} : { token }) });
  t.after(() => server.stop());
  const { kubeconfig } = server;
  const cluster = await openCluster({ random: () => 0.5, observer: recorder(seen), ...options, log, kubeconfig });
  t.after(() => cluster.close());
  return { server, cluster, seen };
}

/** A pod, with a field that tests change. */
export function pod(name: string, mark = 0, labels: Record<string, string> = {}): KubernetesObject {
  return { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: { mark } };
}

/** The field that tests change. */
export function readMark(object: unknown): number | undefined {
  return (object as { spec?: { mark?: number } }).spec?.mark;
}

/** A collection of pods' marks and what it has told. */
export interface Watched {
  readonly collection: Collection<number>;
  /** Per call of onChange, the state and all marks by name. */
  readonly told: { readonly state: string; readonly settled: boolean; readonly marks: Record<string, number> }[];
}

/** The marks of a collection by the names of their pods. */
export function marksOf(collection: Collection<number>): Record<string, number> {
  return Object.fromEntries([...collection.objects].map(([key, mark]) => [key.replace(/^default\//, ""), mark]));
}

/** Starts a collection of pods. */
export function collectMarks(
  t: TestContext,
  cluster: Cluster,
  selection: Partial<Selection> = {},
  read: (object: unknown) => number | undefined = readMark,
): Watched {
  const told: Watched["told"][number][] = [];
  const collection: Collection<number> = cluster.collect(
    { resource: PODS, ...selection },
    {
      read,
      onChange: () => told.push({ state: collection.state, settled: collection.settled, marks: marksOf(collection) }),
    },
  );
  t.after(() => collection.stop());
  collection.start();
  return { collection, told };
}
