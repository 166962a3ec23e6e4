// An Envoy in front of the pods of a cluster.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { type Envoy, startEnvoy } from "../harness/envoy.ts";
import type { KubeSidecar } from "../harness/kube-sidecar.ts";
import { byPod, chats } from "../harness/requests.ts";

const PATIENCE_MS = 30_000;

/** Starts an Envoy that picks from a pool, and knows model servers at these addresses. Waits until it has state. */
export async function startGateway(
  sidecar: KubeSidecar,
  pool: string,
  modelServers: readonly string[],
): Promise<Envoy> {
  const { folder, statePort } = sidecar;
  const envoy = await startEnvoy({ plugin: { pool } }, { folder, name: "envoy", modelServers, statePort });
  try {
    const answers = async (): Promise<boolean> => (await chats(envoy.url, 1))[0]!.status === 200;
    await waitUntil("a pick through Envoy", answers, PATIENCE_MS);
  } catch (error) {
    await envoy.stop();
    throw error;
  }
  return envoy;
}

/**
 * Waits until requests go to all of these model servers and to no others, by name, and then asserts that many more do.
 * News of pods take a moment to Envoy; once there, it holds for every request.
 */
export async function assertServedBy(envoy: Envoy, names: readonly string[], count = 40): Promise<void> {
  const wanted = [...names].sort();
  const served = async (): Promise<string[]> => [...byPod(await chats(envoy.url, count)).keys()].sort();
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    if ((await served()).join() === wanted.join()) break;
    await sleep(20);
  }
  assert.deepEqual(await served(), wanted);
}
