import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { tailOf } from "../../scripts/stack/child.ts";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitUntil } from "../../scripts/stack/ready.ts";
import { type Envoy, type EnvoyOptions, startEnvoy } from "./envoy.ts";
import { type Pools, type Sidecar, type SidecarOptions, startSidecar } from "./sidecar.ts";
import { type ModelServer, type SimulatorSpec, startModelServer } from "./simulators.ts";

export type StackOptions = {
  /** One for each simulator; three that answer at once unless told. */
  simulators?: readonly SimulatorSpec[];
  /** Addresses of model servers of the test's own, in place of simulators. */
  modelServers?: readonly string[];
  sidecar?: SidecarOptions;
  envoy?: EnvoyOptions;
  /** Starts neither sidecar nor state: Envoy's state cluster leads nowhere. */
  withoutSidecar?: boolean;
};

export type Stack = {
  /** Where requests go: no slash at the end. */
  readonly url: string;
  readonly simulators: readonly ModelServer[];
  readonly envoy: Envoy;
  /** Throws in a stack without one. */
  readonly sidecar: Sidecar;
  /** For files of the test's own; deleted at the end. */
  readonly folder: string;
  /** Another Envoy on the same sidecar and model servers. It ends with the stack. */
  addEnvoy(options?: EnvoyOptions): Promise<Envoy>;
  /** Waits until an Envoy (the first unless told) has the state of every pool that it wants. */
  waitForState(envoy?: Envoy): Promise<void>;
  /** The ends of all logs. */
  logs(): string;
  stop(): Promise<void>;
};

const STATE_TIMEOUT_MS = 30_000;
const LOG_LINES = 25;
/** Frames that the filter has accepted since Envoy started; ticks bring the figure up to date. */
const ACCEPTED = "wasmcustom.inline_epp_frames_accepted_total";
/** Of each pool: who, how to choose, how loaded. And one that says that this was all. */
const FRAMES_PER_POOL = 3;

/** A pool, that of envoy.yaml unless told, with these model servers. Each has its name as its label `pod`. */
export function onePool(servers: readonly { name: string; address: string }[], name = "default/base"): Pools {
  const endpoints = servers.map(({ name, address }) => ({ name: `default/${name}`, address, labels: { pod: name } }));
  return [{ name, endpoints }];
}

/**
 * Starts simulators, sidecar and Envoy on free ports, configured as in envoy/, and waits until Envoy has state. With a
 * test's context the stack ends with the test, and the ends of its logs are shown if the test fails; otherwise call
 * stop(), and showLogsOnFailure() in an afterEach hook. What still runs when this process dies is ended all the same.
 */
export async function startStack(options: StackOptions = {}, t?: TestContext): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-"));
  const simulators: ModelServer[] = [];
  const envoys: Envoy[] = [];
  const poolsWanted = new Map<Envoy, number>();
  let sidecar: Sidecar | null = null;

  const logs = (): string => {
    const children = [sidecar?.child, ...envoys.map((envoy) => envoy.child), ...simulators.map(({ child }) => child)];
    const shown = children.flatMap((child) =>
      child ? [`--- ${child.name} ---\n${tailOf(child.logFile, LOG_LINES)}`] : [],
    );
    return shown.join("\n");
  };
  const stop = async (): Promise<void> => {
    await Promise.all([...envoys, sidecar, ...simulators].map((part) => part?.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const specs = options.modelServers === undefined ? (options.simulators ?? [{}, {}, {}]) : [];
    for (const [index, spec] of specs.entries()) simulators.push(await startModelServer(spec, index, folder));
    const modelServers = options.modelServers ?? simulators.map(({ address }) => address);
    const named = modelServers.map((address, index) => ({
      name: simulators[index]?.name ?? `own-${index + 1}`,
      address,
    }));
    const pools = options.sidecar?.pools ?? onePool(named);
    if (!options.withoutSidecar) sidecar = await startSidecar(options.sidecar ?? {}, pools, folder);
    const statePort = sidecar?.statePort ?? (await freePorts(1))[0]!;

    const addEnvoy = async (more: EnvoyOptions = {}): Promise<Envoy> => {
      const name = envoys.length === 0 ? "envoy" : `envoy-${envoys.length + 1}`;
      const envoy = await startEnvoy(more, { folder, name, modelServers, statePort });
      envoys.push(envoy);
      poolsWanted.set(envoy, more.poolsWanted ?? pools.length);
      if (sidecar !== null) await waitForState(envoy);
      return envoy;
    };
    const waitForState = async (envoy: Envoy = envoys[0]!): Promise<void> => {
      const pools = poolsWanted.get(envoy) ?? 0;
      if (pools === 0) return;
      const frames = FRAMES_PER_POOL * pools + 1;
      await waitUntil("state in Envoy", async () => (await envoy.stat(ACCEPTED)) >= frames, STATE_TIMEOUT_MS);
    };
    const envoy = await addEnvoy(options.envoy);
    const stack: Stack = {
      url: envoy.url,
      simulators,
      envoy,
      get sidecar() {
        if (sidecar === null) throw new Error("this stack has no sidecar");
        return sidecar;
      },
      folder,
      addEnvoy,
      waitForState,
      logs,
      stop,
    };
    t?.after(async () => {
      showLogsOnFailure(t, stack);
      await stop();
    });
    return stack;
  } catch (error) {
    console.error(logs());
    await stop();
    throw error;
  }
}

/** Prints the ends of a stack's logs if the test of this context has failed. */
export function showLogsOnFailure(t: TestContext, stack: Stack): void {
  // Node's own types leave the field out.
  if (!(t as TestContext & { passed: boolean }).passed) console.error(stack.logs());
}
