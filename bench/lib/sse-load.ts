// What events of streamed answers cost Envoy.

import { request } from "node:http";
import { setTimeout } from "node:timers/promises";
import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { cpuMicroseconds } from "./cpu.ts";
import type { Arm } from "./gateway.ts";
import { type Gateways, startGateways } from "./gateways.ts";
import { startSseBackend } from "./model-servers.ts";
import type { Workbench } from "./processes.ts";

const PATH = "/v1/chat/completions";
const STREAMS = 8;

/** Ways through Envoy: without the filter, read by it, and with the model renamed in every event. */
export const WAYS = ["plain", "read", "renamed"] as const;
export type Way = (typeof WAYS)[number];

/** Starts a model server that streams and both arms in front of it. */
export async function startSseBench(workbench: Workbench): Promise<Gateways> {
  const { path: envoy } = await findEnvoy();
  const ports = await freePorts(1);
  await startSseBackend(workbench, ports, { milliseconds: 1, expositionBytes: 2000 });
  return startGateways(workbench, envoy, ports, PATH);
}

/** CPU of each arm's Envoy without a request, microseconds in a second: ticks, and state that comes. */
export async function idleMicroseconds(bench: Gateways, seconds: number): Promise<Record<Arm, number>> {
  const used = () => ({ plain: cpuMicroseconds(bench.envoys.plain), inline: cpuMicroseconds(bench.envoys.inline) });
  const before = used();
  await setTimeout(seconds * 1000);
  const after = used();
  return { plain: (after.plain - before.plain) / seconds, inline: (after.inline - before.inline) / seconds };
}

/** Microseconds of Envoy's CPU per event of streams side by side, each of so many events, less what it takes idle. */
export async function envoyMicroseconds(
  bench: Gateways,
  way: Way,
  events: number,
  idle: Readonly<Record<Arm, number>>,
): Promise<number> {
  const arm = way === "plain" ? "plain" : "inline";
  const began = performance.now();
  const before = cpuMicroseconds(bench.envoys[arm]);
  await Promise.all(Array.from({ length: STREAMS }, () => receive(bench.listeners[arm], way, events)));
  const used = cpuMicroseconds(bench.envoys[arm]) - before - (idle[arm] * (performance.now() - began)) / 1000;
  return used / (STREAMS * events);
}

function receive(port: number, way: Way, events: number): Promise<void> {
  const headers = {
    "content-type": "application/json",
    ...(way === "renamed" ? { "x-gateway-model-name-rewrite": "food-lora-v2" } : {}),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", path: PATH, method: "POST", headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`the gateway answers ${response.statusCode}`));
      response.resume().on("end", resolve).on("error", reject);
    });
    sent.on("error", reject);
    sent.end(JSON.stringify({ model: "base", stream: true, max_tokens: events, messages: [] }));
  });
}
