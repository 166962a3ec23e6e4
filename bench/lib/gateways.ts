// The two arms of measurements through Envoy, with the sidecar of the one that picks.

import { type Arm, gatewayConfig } from "./gateway.ts";
import { freePorts, untilReady, type Workbench } from "./processes.ts";

/** Ports of the arms' listeners and ids of their processes. */
export interface Gateways {
  readonly listeners: Readonly<Record<Arm, number>>;
  readonly envoys: Readonly<Record<Arm, number>>;
  readonly sidecar: number;
}

/** Starts an Envoy with one worker; returns its process's id. `envoy`: path of the program. */
export function startEnvoy(workbench: Workbench, envoy: string, name: string, config: unknown): number {
  const file = workbench.write(`${name}.json`, JSON.stringify(config));
  const args = ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning"];
  return workbench.start(name, envoy, args);
}

/**
 * Starts the sidecar, which scrapes every endpoint each 50 ms, and both arms, and waits until both serve POSTs of an
 * empty object to a path. `endpoints`: ports of the model servers, which answer already.
 */
export async function startGateways(
  workbench: Workbench,
  envoy: string,
  endpoints: readonly number[],
  path: string,
): Promise<Gateways> {
  const ports = (await freePorts(7)) as [number, number, number, number, number, number, number];
  const [plainPort, plainAdmin, inlinePort, inlineAdmin, state, health, metrics] = ports;
  const pool = { name: "default/base", endpoints: endpoints.map((port) => ({ address: `127.0.0.1:${port}` })) };
  const sidecar = workbench.start("sidecar", process.execPath, [
    "build/inline-epp.mjs",
    "serve",
    ...["--endpoints", workbench.write("endpoints.json", JSON.stringify({ pools: [pool] }))],
    ...["--config-file", "envoy/epp-config.yaml"],
    ...["--grpc-port", `${state}`, "--grpc-health-port", `${health}`, "--metrics-port", `${metrics}`],
    ...["--refresh-metrics-interval", "50ms", "--log-level", "warn"],
  ]);
  await untilReady("the sidecar", `http://127.0.0.1:${metrics}/readyz`);
  const arm = (name: Arm, listener: number, admin: number) =>
    startEnvoy(workbench, envoy, name, gatewayConfig(name, { listener, admin, state, endpoints }));
  const envoys = { plain: arm("plain", plainPort, plainAdmin), inline: arm("inline", inlinePort, inlineAdmin) };
  const listeners = { plain: plainPort, inline: inlinePort };
  for (const port of Object.values(listeners)) {
    await untilReady("Envoy", `http://127.0.0.1:${port}${path}`, { method: "POST", body: '{"model":"base"}' });
  }
  return { listeners, envoys, sidecar };
}
