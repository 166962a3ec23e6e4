// `npm start`: the set-up of envoy/docker-compose.yaml on this machine, without containers.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { build } from "./build.ts";
import { findEnvoy, shownPath } from "./envoy-binary.ts";
import { step } from "./progress.ts";
import { type Child, describeExit, startChild } from "./stack/child.ts";
import { CACHE, ROOT } from "./stack/command.ts";
import { type Local, localCommand, type Role, readServices, type Service } from "./stack/compose.ts";
import { movePorts } from "./stack/move-ports.ts";
import { whyBusy } from "./stack/ports.ts";
import { failure, waitForAnswer, waitForCounter } from "./stack/ready.ts";
import { screen } from "./stack/screen.ts";
import { type PortUse, portsOf, readSettings } from "./stack/settings.ts";
import { onStop } from "./stop.ts";
import { runMain, Trouble } from "./trouble.ts";

/** Asked for once Envoy has state. It says in the access log who asked; those lines are not shown. */
const PROBE_PATH = "/v1/models?npm-start";
const COMPOSE_FILE = join(ROOT, "envoy", "docker-compose.yaml");
const ENDPOINT_FILE = "envoy/endpoints.yaml";
/** Configuration files that name ports. */
const FILES_WITH_PORTS = ["envoy/envoy.yaml", ENDPOINT_FILE];
/** What a pool is made of, and the mark that all has been sent: before these, the filter would answer 503. */
const ACCEPTED = "wasmcustom.inline_epp_frames_accepted_total";
const FIRST_FRAMES = 4;
const READY_TIMEOUT_MS = 20_000;
const STOP_GRACE_MS = 3000;
/** In this order each finds the one that it needs. */
const START_ORDER: readonly Role[] = ["simulator", "sidecar", "envoy"];

async function checkPorts(ports: readonly PortUse[]): Promise<void> {
  const busy: string[] = [];
  for (const { port, use, flag, env } of ports) {
    const why = await whyBusy(port);
    if (why === null) continue;
    const reason = why === "EADDRINUSE" ? "in use by another program" : `cannot be used (${why})`;
    busy.push(`  ${String(port).padEnd(5)} ${reason}; needed for: ${use}. Choose another with ${flag} or ${env}.`);
  }
  if (busy.length > 0) throw new Trouble(`Not started: ports are not free.\n\n${busy.join("\n")}`);
}

/** Where logs go, and configuration files for other ports; each set of other ports has its own. */
function runFolder(ports: readonly PortUse[]): string {
  const moved = ports.some(({ standard, port }) => standard !== port);
  const folder = join(CACHE, moved ? `run-${ports[0]!.port}` : "run");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Writes the configuration files that differ from those in the repository; maps their names. */
function moveFiles(ports: ReadonlyMap<number, number>, folder: string): Map<string, string> {
  if ([...ports].every(([standard, port]) => standard === port)) return new Map();
  return new Map(
    FILES_WITH_PORTS.map((file) => {
      const moved = join(folder, basename(file));
      writeFileSync(moved, movePorts(readFileSync(join(ROOT, file), "utf8"), ports));
      return [file, shownPath(moved)];
    }),
  );
}

/** Waits until a service, started with these arguments, does its work. */
async function waitForService(child: Child, role: Role, args: string[], ports: readonly PortUse[]): Promise<void> {
  const ready = (port: string | number | undefined, path: string): Promise<void> =>
    waitForAnswer(child, `http://127.0.0.1:${port}${path}`, READY_TIMEOUT_MS);
  if (role === "simulator") {
    await ready(args[args.indexOf("--port") + 1], "/health");
  } else if (role === "sidecar") {
    await ready(portsOf(ports, "--metrics-port")[0], "/readyz");
  } else {
    const [admin] = portsOf(ports, "--envoy-admin-port");
    await ready(admin, "/ready");
    // Asked earlier, the filter would count and log requests that it cannot decide, and it looks like trouble.
    await waitForCounter(child, `http://127.0.0.1:${admin}`, ACCEPTED, FIRST_FRAMES, READY_TIMEOUT_MS);
    await ready(portsOf(ports, "--envoy-port")[0], PROBE_PATH);
  }
}

async function main(): Promise<void> {
  const children: Child[] = [];
  const stopAll = async (): Promise<void> => {
    await Promise.all(children.map((child) => child.stop(STOP_GRACE_MS)));
  };
  let stopping = false;
  onStop(async () => {
    stopping = true;
    console.log("\nStopping ...");
    await stopAll();
    console.log("Stopped.");
  });

  const ports = readSettings(process.argv.slice(2));
  await checkPorts(ports);
  const folder = runFolder(ports);
  const envoy = await step("Envoy", findEnvoy, ({ path, version }) => `${version} from ${shownPath(path)}`);
  await build();

  const moved = new Map(ports.map(({ standard, port }) => [standard, port]));
  const local: Local = {
    binaries: { node: process.execPath, envoy: envoy.path },
    ports: moved,
    files: moveFiles(moved, folder),
  };
  const showRequest = (line: string): void => {
    if (!line.includes(` ${PROBE_PATH} `)) console.log(line);
  };
  const endpointFile = { original: ENDPOINT_FILE, followed: local.files.get(ENDPOINT_FILE) ?? ENDPOINT_FILE };
  const services = readServices(COMPOSE_FILE);
  try {
    for (const role of START_ORDER) {
      const group = services.filter((service) => service.role === role);
      const names = group.map((service) => service.name).join(", ");
      const start = async (service: Service): Promise<void> => {
        const command = localCommand(service, local);
        const child = await startChild({
          ...command,
          name: service.name,
          cwd: ROOT,
          logFile: join(folder, `${service.name}.log`),
          // Envoy's standard output is the access log.
          ...(role === "envoy" && { onLine: showRequest }),
        });
        children.push(child);
        if (stopping) return stopAll();
        await waitForService(child, role, command.args, ports);
      };
      await step(
        names,
        () => Promise.all(group.map(start)),
        () => "ready",
      );
    }
    console.log(screen(ports, envoy.version, shownPath(folder), endpointFile));
    const ended = await Promise.race(children.map((child) => child.exited.then((exit) => ({ child, exit }))));
    throw failure(ended.child, `${ended.child.name} ended unexpectedly with ${describeExit(ended.exit)}`);
  } catch (error) {
    // While everything is being stopped, services end because they are told to.
    if (stopping) return;
    await stopAll();
    throw error;
  }
}

await runMain(main);
