import { Command, InvalidArgumentError, Option } from "commander";

/** A port of the set-up: what it is for and how it is set. */
export type PortUse = { port: number; standard: number; use: string; flag: string; env: string };

type PortSetting = { name: string; use: string; standard: number[] };

const PORT_SETTINGS: readonly PortSetting[] = [
  { name: "envoy-port", use: "Envoy, requests", standard: [10000] },
  { name: "envoy-admin-port", use: "Envoy, admin", standard: [9901] },
  { name: "state-port", use: "sidecar, state for Envoy", standard: [9002] },
  { name: "health-port", use: "sidecar, gRPC health checks", standard: [9003] },
  { name: "metrics-port", use: "sidecar, metrics", standard: [9090] },
  { name: "page-port", use: "sidecar, page", standard: [9091] },
  { name: "simulator-ports", use: "simulators", standard: [8001, 8002, 8003] },
];

const EXAMPLES = `
Installs and builds what is missing, starts three simulated model servers, the sidecar and Envoy, and shows each
request as it comes. Ctrl-C ends it all. Each flag can be set by its environment variable too.

Examples:
  npm start
  npm start -- --envoy-port 20000 --metrics-port 19090
  ENVOY_PATH=/opt/envoy npm start     with an Envoy of your own`;

function portList(count: number): (text: string) => number[] {
  return (text) => {
    const ports = text.split(",").map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : 0));
    if (ports.length !== count || ports.some((port) => port < 1 || port > 65535)) {
      const wanted = count === 1 ? "a port" : `${count} ports with commas between them`;
      throw new InvalidArgumentError(`Expected ${wanted}, 1 to 65535.`);
    }
    return ports;
  };
}

/** The option of a setting, and the same in the environment: --envoy-port is ENVOY_PORT. */
function optionOf({ name, use, standard }: PortSetting): Option {
  const value = standard.length === 1 ? "<port>" : "<ports>";
  return new Option(`--${name} ${value}`, use)
    .env(name.toUpperCase().replaceAll("-", "_"))
    .default(standard, standard.join(","))
    .argParser(portList(standard.length));
}

/**
 * Reads the settings of `npm start`, all of them ports. Help and mistakes are printed, and end the process. A port that
 * is given twice is a mistake too.
 */
export function readSettings(args: readonly string[]): PortUse[] {
  const command = new Command("npm start --")
    .description("Run inline-epp on this machine.")
    .usage("[options]")
    .configureHelp({ helpWidth: 110 })
    .addHelpText("after", EXAMPLES)
    .allowExcessArguments(false);
  const options = PORT_SETTINGS.map(optionOf);
  for (const option of options) command.addOption(option);
  command.parse(args, { from: "user" });

  const uses = PORT_SETTINGS.flatMap((setting, index) => {
    const option = options[index]!;
    const ports: number[] = command.getOptionValue(option.attributeName());
    return ports.map((port, place) => ({
      port,
      standard: setting.standard[place]!,
      use: ports.length === 1 ? setting.use : `${setting.use}, number ${place + 1}`,
      flag: option.long!,
      env: option.envVar!,
    }));
  });
  for (const [index, { port, use, flag }] of uses.entries()) {
    const other = uses.slice(0, index).find((earlier) => earlier.port === port);
    if (other !== undefined)
      command.error(`error: port ${port} is given twice: ${other.use} (${other.flag}), and ${use} (${flag})`);
  }
  return uses;
}

/** The ports that a setting such as "--envoy-port" has in the end. */
export function portsOf(uses: readonly PortUse[], flag: string): number[] {
  return uses.filter((use) => use.flag === flag).map(({ port }) => port);
}
