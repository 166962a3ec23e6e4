import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, type } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { findEnvoy } from "../../scripts/envoy-binary.ts";
import { ROOT } from "../../scripts/stack/command.ts";

/** What figures depend on besides the code. */
export interface Machine {
  /** Day of the run, as 2026-01-31. */
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  /** Names with versions. */
  readonly versions: readonly string[];
  /** Processes that ran or waited in the minute before. */
  readonly load: number;
}

/** The processor's name. */
export function processorName(): string {
  return cpus()[0]?.model ?? "unknown processor";
}

/** This machine, and what runs on it now. */
export async function describeMachine(): Promise<Machine> {
  const envoy = await findEnvoy();
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: processorName(),
    cores: cpus().length,
    system: `${type()} ${release()}`,
    versions: [ownVersion(), `Node ${process.versions.node}`, `Envoy ${envoy.version}`],
    load: loadavg()[0] ?? 0,
  };
}

/** This project's version, with the commit where there is one: "inline-epp 1.0.0 at 0123abc". */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  return `inline-epp ${version}${commit()}`;
}

/** The checked-out commit, where there is one. */
function commit(): string {
  try {
    const told = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "ignore"],
    });
    return ` at ${told.toString().trim()}`;
  } catch {
    return "";
  }
}
