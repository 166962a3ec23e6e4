import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster, Identity } from "./kube-cluster.ts";
import { type Flags, type ProcessOptions, type SidecarProcess, startSidecarProcess } from "./sidecar-process.ts";

/** An endpoint as /state shows it; what tests look at. */
export type StateEndpoint = {
  address: string;
  name: string;
  labels: Record<string, string>;
  rank: number;
  ready: boolean;
};
/** Endpoints by pool. */
export type State = Map<string, StateEndpoint[]>;

export type KubeSidecarOptions = {
  /** Who it is for the API server. */
  identity: Identity;
  /** Which pools it serves, and whatever else `serve` takes. */
  flags: Flags;
} & Pick<ProcessOptions, "program" | "nodeArgs" | "env" | "waitUntilReady">;

/** A sidecar that watches a cluster. */
export type KubeSidecar = SidecarProcess & {
  /** For its log. */
  readonly folder: string;
  /** What it has logged since it was started, without the marks before quotes in quotes. */
  log(): string;
  /** What it knows; empty before it knows anything. */
  state(): Promise<State>;
  /** Waits until `check` finds nothing wrong with what it knows; fails with what `check` threw last. */
  settles(check: (state: State) => void, timeoutMs?: number): Promise<void>;
};

const SETTLE_TIMEOUT_MS = 30_000;
const POLL_MS = 20;
const LOG_LINES = 40;

/**
 * Starts a sidecar that watches the cluster with its own rights only. With a test's context it ends with the test, and
 * the end of its log is shown if the test fails; otherwise call stop().
 */
export async function startKubeSidecar(
  cluster: Cluster,
  options: KubeSidecarOptions,
  t?: TestContext,
): Promise<KubeSidecar> {
  const folder = mkdtempSync(join(cluster.folder, "sidecar-"));
  const flags = { kubeconfig: cluster.kubeconfig(options.identity), ...options.flags };
  const sidecar = await startSidecarProcess({ ...options, flags, folder });
  const state = async (): Promise<State> => {
    const answer = await fetch(`${sidecar.metricsUrl}/state`);
    if (answer.status !== 200) return new Map();
    const { pools } = (await answer.json()) as { pools: { name: string; endpoints: StateEndpoint[] }[] };
    return new Map(pools.map(({ name, endpoints }) => [name, endpoints]));
  };
  const settles = async (check: (state: State) => void, timeoutMs = SETTLE_TIMEOUT_MS): Promise<void> => {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const now = await state();
      try {
        check(now);
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      await sleep(POLL_MS);
    }
  };
  t?.after(async () => {
    // Node's own types leave the field out.
    if (!(t as TestContext & { passed: boolean }).passed) console.error(sidecar.child.tail(LOG_LINES));
    await sidecar.stop();
  });
  const log = (): string => readFileSync(sidecar.child.logFile!, "utf8").replaceAll('\\"', '"');
  return Object.assign(sidecar, { folder, log, state, settles });
}

/** Addresses of the endpoints that take requests, in order; null where there is no such pool. */
export function readyAddresses(state: State, pool: string): string[] | null {
  const endpoints = state.get(pool);
  if (endpoints === undefined) return null;
  return endpoints
    .filter(({ ready }) => ready)
    .map(({ address }) => address)
    .sort();
}
