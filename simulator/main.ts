import process from "node:process";
import { parseCommandLine } from "./cli.ts";
import { DEFAULT_OPTIONS, OptionError, type SimulatorOptions } from "./options.ts";
import { type Simulator, startSimulator } from "./server.ts";

function explain(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use: choose another with --port, or --port 0 for any free one`;
    case "EACCES":
      return `port ${port} may not be used by this user: choose another with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine: choose another with --host`;
    default:
      return `cannot listen on --host ${host} --port ${port}: ${error.message}`;
  }
}

async function start(options: Partial<SimulatorOptions>): Promise<Simulator | null> {
  try {
    return await startSimulator(options);
  } catch (error) {
    const misused = error instanceof OptionError;
    const message = misused ? error.message : explain(error as Error, { ...DEFAULT_OPTIONS, ...options });
    console.error(`error: ${message}`);
    process.exitCode = misused ? 2 : 1;
    return null;
  }
}

async function main(): Promise<void> {
  const line = parseCommandLine(process.argv.slice(2));
  if ("exitCode" in line) {
    (line.exitCode === 0 ? process.stdout : process.stderr).write(line.text);
    process.exitCode = line.exitCode;
    return;
  }
  const simulator = await start(line.options);
  if (simulator === null) return;
  const { name, model, loras } = { ...DEFAULT_OPTIONS, ...line.options };
  console.log(`simulator ${name} listening on ${simulator.url} (models: ${[model, ...loras].join(", ")})`);
  const stop = (): void => {
    simulator.stop().then(() => process.exit(0));
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

await main();
