import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Trouble } from "../trouble.ts";

export type Role = "envoy" | "sidecar" | "simulator";
/** One service of docker-compose.yaml, as far as it can run without a container. */
export type Service = { name: string; role: Role; command: string[] };

/** What stands in for what an image holds, and how the set-up differs from the one in containers. */
export type Local = {
  /** The binaries that commands begin with. */
  binaries: Readonly<Record<string, string>>;
  /** Ports in place of those in the file. */
  ports: ReadonlyMap<number, number>;
  /** Configuration files in place of those in the file. */
  files: ReadonlyMap<string, string>;
};

const ROLE_BY_PROGRAM: Readonly<Record<string, Role>> = {
  "envoy/envoy.yaml": "envoy",
  "build/inline-epp.mjs": "sidecar",
  "build/simulator.mjs": "simulator",
};

/** The services of a compose file, in its order. Throws Trouble for one whose command is not of this set-up. */
export function readServices(file: string): Service[] {
  const { services } = parse(readFileSync(file, "utf8"), { merge: true });
  return Object.entries(services as Record<string, { command?: unknown }>).map(([name, { command }]) => {
    const program = Array.isArray(command) ? command.find((word) => word in ROLE_BY_PROGRAM) : undefined;
    if (program === undefined) {
      const known = Object.keys(ROLE_BY_PROGRAM).join(", ");
      throw new Trouble(`${file}: services.${name}.command must be a list that names one of ${known}`);
    }
    return { name, role: ROLE_BY_PROGRAM[program]!, command: (command as unknown[]).map(String) };
  });
}

/** A service's command as it runs on this machine. Throws Trouble when it begins with an unknown binary. */
export function localCommand(service: Service, { binaries, ports, files }: Local): { command: string; args: string[] } {
  const [program = "", ...rest] = service.command;
  const command = binaries[program];
  if (command === undefined) {
    throw new Trouble(
      `services.${service.name}.command begins with ${program}, not ${Object.keys(binaries).join(", ")}`,
    );
  }
  const args = rest.map((word) => {
    // A container is private; a bare machine is not.
    if (word === "0.0.0.0") return "127.0.0.1";
    return files.get(word) ?? String(ports.get(Number(word)) ?? word);
  });
  return { command, args };
}
