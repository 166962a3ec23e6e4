// Starts the model servers that stand behind gateways while these are measured.

import { join } from "node:path";
import process from "node:process";
import { freePorts } from "../../scripts/stack/ports.ts";
import { backendConfig } from "./backend.ts";
import { vllmExposition } from "./exposition.ts";
import { startEnvoy } from "./gateways.ts";
import { untilReady, type Workbench } from "./processes.ts";

/** What measurements through Envoy have behind it: as many model servers, with expositions of a busy vLLM's size. */
export const MODEL_SERVERS = { endpoints: 8, expositionBytes: 36_000 };

/** Starts model servers that answer a fixed completion at these ports, and waits until they do. `envoy`: the program. */
export async function startBackend(workbench: Workbench, envoy: string, ports: readonly number[]): Promise<void> {
  const [admin] = (await freePorts(1)) as [number];
  const config = backendConfig(ports, admin, vllmExposition(MODEL_SERVERS.expositionBytes));
  startEnvoy(workbench, envoy, "backend", config);
  await untilReady("the backend", `http://127.0.0.1:${ports[0]}/metrics`);
}

/** Starts model servers that stream at these ports, an event to each stream in so many milliseconds. */
export async function startSseBackend(
  workbench: Workbench,
  ports: readonly number[],
  { milliseconds, expositionBytes }: { readonly milliseconds: number; readonly expositionBytes: number },
): Promise<void> {
  const figures = [milliseconds, expositionBytes, ...ports].map(String);
  workbench.start("backend", process.execPath, [join(import.meta.dirname, "sse-backend.ts"), ...figures]);
  await untilReady("the backend", `http://127.0.0.1:${ports[0]}/metrics`);
}
