import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { type Child, startChild } from "../../scripts/stack/child.ts";
import { ROOT } from "../../scripts/stack/command.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitForAnswer } from "../../scripts/stack/ready.ts";
import type { SimulatorOptions } from "../../simulator/options.ts";
import { startSimulator } from "../../simulator/server.ts";

/** A simulator's options, and whether it runs in a process of its own: one that can be killed. */
export type SimulatorSpec = Partial<SimulatorOptions> & { separate?: boolean };

export type ModelServer = {
  readonly name: string;
  /** "127.0.0.1:8001" */
  readonly address: string;
  readonly url: string;
  /** The process, of a separate one that runs. */
  readonly child: Child | null;
  /** POST /admin/state: see simulator/README.md. */
  set(state: Readonly<Record<string, unknown>>): Promise<void>;
  /** Takes back what was set. */
  reset(): Promise<void>;
  stop(): Promise<void>;
  /** Again, after stop() or a kill, on the same port. */
  start(): Promise<void>;
};

/** Answers as fast as it can. */
const AT_ONCE = { prefillBaseMs: 0, prefillPerTokenMs: 0, decodePerTokenMs: 0 };
const READY_TIMEOUT_MS = 60_000;

/** The command line that means the same as the options. */
function flags(options: Partial<SimulatorOptions>): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const kebab = key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (key === "loras") return options.loras?.length ? ["--lora", options.loras.join(",")] : [];
    return key.endsWith("Ms") ? [`--${kebab.slice(0, -3)}`, `${value}ms`] : [`--${kebab}`, String(value)];
  });
}

/** Starts the `index`-th simulator (from 0) of a stack: sim-1 and so on, model base, and no delays unless told. */
export async function startModelServer(spec: SimulatorSpec, index: number, folder: string): Promise<ModelServer> {
  const { separate = false, ...given } = spec;
  const [free] = (await freePorts(1)) as [number];
  const options = { ...AT_ONCE, port: free, name: `sim-${index + 1}`, model: "base", ...given };
  const address = `${given.host ?? "127.0.0.1"}:${options.port}`;
  const url = `http://${address}`;
  let child: Child | null = null;
  let stopHere: (() => Promise<void>) | null = null;

  const start = async (): Promise<void> => {
    if (!separate) {
      const simulator = await startSimulator(options);
      stopHere = () => simulator.stop();
      return;
    }
    child = await startChild({
      name: options.name,
      command: process.execPath,
      args: ["simulator/main.ts", ...flags(options)],
      cwd: ROOT,
      logFile: join(folder, `${options.name}.log`),
    });
    await waitForAnswer(child, `${url}/health`, READY_TIMEOUT_MS);
  };
  const admin = async (method: string, body: string | null): Promise<void> => {
    const answer = await fetch(`${url}/admin/state`, { method, body });
    assert.equal(answer.status, 200, await answer.text());
  };
  await start();
  return {
    name: options.name,
    address,
    url,
    get child() {
      return child;
    },
    set: (state) => admin("POST", JSON.stringify(state)),
    reset: () => admin("DELETE", null),
    start,
    async stop() {
      await child?.stop();
      await stopHere?.();
      child = null;
      stopHere = null;
    },
  };
}
