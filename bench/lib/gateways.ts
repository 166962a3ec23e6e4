// The arms of measurements through Envoy, with the sidecar of those that pick.

import { freePorts } from "../../scripts/stack/ports.ts";
import { type AnyArm, type Arm, gatewayConfig } from "./gateway.ts";
import { untilReady, type Workbench } from "./processes.ts";

/** Ports of the arms' listeners and ids of their processes. */
export interface Gateways<A extends AnyArm = Arm> {
  readonly listeners: Readonly<Record<A, number>>;
  readonly envoys: Readonly<Record<A, number>>;
  readonly sidecar: number;
}

/** Starts an Envoy with one worker; returns its process's id. `envoy`: path of the program. */
export function startEnvoy(workbench: Workbench, envoy: string, name: string, config: unknown): number {
  const file = workbench.write(`${name}.json`, JSON.stringify(config));
  const args = ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning"];
  return workbench.start(name, envoy, args);
}

/** Starts the arms `plain` and `inline`: see startArms. */
export function startGateways(
  workbench: Workbench,
  envoy: string,
  endpoints: readonly number[],
  path: string,
): Promise<Gateways> {
  return startArms(workbench, envoy, endpoints, path, ["plain", "inline"]);
}

/**
 * Starts the sidecar, which scrapes every endpoint each 50 ms, and the arms, and waits until each serves POSTs of a
 * small object to a path. `endpoints`: ports of the model servers, which answer already. `flags`: of the sidecar's Node.
 */
export async function startArms<A extends AnyArm>(
  workbench: Workbench,
  envoy: string,
  endpoints: readonly number[],
  path: string,
  arms: readonly A[],
  flags: readonly string[] = [],
): Promise<Gateways<A>> {
  type Ports = [number, number, number, ...number[]];
  const [state, health, metrics, ...ports] = (await freePorts(3 + 2 * arms.length)) as Ports;
  const pool = { name: "default/base", endpoints: endpoints.map((port) => ({ address: `127.0.0.1:${port}` })) };
  const sidecar = workbench.start("sidecar", process.execPath, [
    ...flags,
    "build/inline-epp.mjs",
    "serve",
    ...["--endpoints", workbench.write("endpoints.json", JSON.stringify({ pools: [pool] }))],
    ...["--config-file", "envoy/epp-config.yaml"],
    ...["--grpc-port", `${state}`, "--grpc-health-port", `${health}`, "--metrics-port", `${metrics}`],
    ...["--refresh-metrics-interval", "50ms", "--log-level", "warn"],
  ]);
  await untilReady("the sidecar", `http://127.0.0.1:${metrics}/readyz`);
  const listeners: Partial<Record<A, number>> = {};
  const envoys: Partial<Record<A, number>> = {};
  for (const [index, arm] of arms.entries()) {
    const [listener, admin] = ports.slice(2 * index) as [number, number];
    listeners[arm] = listener;
    envoys[arm] = startEnvoy(workbench, envoy, arm, gatewayConfig(arm, { listener, admin, state, endpoints }));
    await untilReady("Envoy", `http://127.0.0.1:${listener}${path}`, { method: "POST", body: '{"model":"base"}' });
  }
  return { listeners: listeners as Record<A, number>, envoys: envoys as Record<A, number>, sidecar };
}
