import { Command, Option } from "commander";
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from "../observe/log.ts";
import type { ServeSettings } from "../serve.ts";
import { formatDuration } from "../support/duration.ts";
import { addReferenceFlags, type ReferenceFlags, refusedSwitch } from "./reference-flags.ts";
import { duration, fileName, ipAddress, port } from "./values.ts";

const ENV_PREFIX = "INLINE_EPP_";

const DAY = 86_400_000;

const EXAMPLES = `
Each flag can be set by its environment variable too; the command line wins.
Durations are written as in Go: 50ms, 2s, 1m30s.

Examples:
  Endpoints from a file, everything else as it comes:
    $ inline-epp serve --endpoints endpoints.yaml
  In a container, reachable from other machines, with a configuration that is followed as it changes:
    $ inline-epp serve --endpoints /etc/epp/endpoints.yaml --config-file /etc/epp/config.yaml --bind 0.0.0.0
  Readable logs, and scrapes every 200 ms:
    $ inline-epp serve --endpoints endpoints.yaml --log-format text --refresh-metrics-interval 200ms
`;

interface Flags extends ReferenceFlags {
  readonly endpoints: string;
  readonly configFile?: string;
  readonly configText?: string;
  readonly bind: string;
  readonly grpcPort: number;
  readonly grpcHealthPort: number;
  readonly metricsPort: number;
  readonly refreshMetricsInterval: number;
  readonly metricsStalenessThreshold: number;
  readonly scrapeTimeout?: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(ENV_PREFIX + made.name().replaceAll("-", "_").toUpperCase());
}

function durationOption(flags: string, description: string, min: number, max: number): Option {
  return option(flags, description).argParser(duration(min, max));
}

function addFlags(command: Command): void {
  command.optionsGroup("Endpoints and configuration:");
  command.addOption(
    option("--endpoints <file>", "pools and their endpoints, YAML or JSON; followed as it changes")
      .argParser(fileName)
      .makeOptionMandatory(),
  );
  command.addOption(
    option("--config-file <file>", "EndpointPickerConfig, YAML or JSON; followed as it changes (default: built in)")
      .argParser(fileName)
      .conflicts("configText"),
  );
  command.addOption(option("--config-text <yaml>", "EndpointPickerConfig as text, in place of a file"));

  command.optionsGroup("Listening:");
  command.addOption(
    option("--bind <ip>", "address for all ports; 0.0.0.0 or :: to be reached from other machines")
      .argParser(ipAddress)
      .default("127.0.0.1"),
  );
  command.addOption(option("--grpc-port <port>", "port that gateways connect to").argParser(port).default(9002));
  command.addOption(option("--grpc-health-port <port>", "port of gRPC health checks").argParser(port).default(9003));
  command.addOption(
    option("--metrics-port <port>", "port of /metrics, /healthz, /readyz and /state").argParser(port).default(9090),
  );

  command.optionsGroup("Scraping:");
  command.addOption(
    durationOption("--refresh-metrics-interval <duration>", "time between scrapes of an endpoint", 1, DAY).default(
      50,
      formatDuration(50),
    ),
  );
  command.addOption(
    durationOption("--metrics-staleness-threshold <duration>", "age at which a sample is stale", 2, DAY).default(
      2000,
      formatDuration(2000),
    ),
  );
  command.addOption(
    durationOption(
      "--scrape-timeout <duration>",
      "time for one scrape (default: half the staleness threshold, at most 1s)",
      1,
      DAY,
    ),
  );

  command.optionsGroup("Logs, on stderr:");
  command.addOption(
    option("--log-level <level>", "least severe level that is logged").choices(LOG_LEVELS).default("info"),
  );
  command.addOption(option("--log-format <format>", "format of log lines").choices(LOG_FORMATS).default("json"));
  addReferenceFlags(command);
}

/** What the values of single flags cannot tell; the message goes to the user as it is. */
function contradiction(flags: Flags): string | undefined {
  const { refreshMetricsInterval: interval, metricsStalenessThreshold: threshold, scrapeTimeout: timeout } = flags;
  if (interval >= threshold) {
    return `--refresh-metrics-interval is ${formatDuration(interval)}, must be below --metrics-staleness-threshold, ${formatDuration(threshold)}`;
  }
  if (timeout !== undefined && timeout >= threshold) {
    return `--scrape-timeout is ${formatDuration(timeout)}, must be below --metrics-staleness-threshold, ${formatDuration(threshold)}`;
  }
  return refusedSwitch(flags);
}

function settingsOf(command: Command): { settings: ServeSettings; level: LogLevel; format: LogFormat } {
  const flags = command.opts<Flags>();
  const isSet = (name: string) => command.getOptionValueSource(name) !== "default";
  const { configFile, configText } = flags;
  return {
    settings: {
      endpointsFile: flags.endpoints,
      config: configFile !== undefined ? { file: configFile } : configText !== undefined ? { text: configText } : {},
      bind: flags.bind,
      grpcPort: flags.grpcPort,
      grpcHealthPort: flags.grpcHealthPort,
      metricsPort: flags.metricsPort,
      refreshMetricsInterval: flags.refreshMetricsInterval,
      metricsStalenessThreshold: flags.metricsStalenessThreshold,
      ...(flags.scrapeTimeout !== undefined && { scrapeTimeout: flags.scrapeTimeout }),
    },
    level: isSet("logLevel") ? flags.logLevel : (flags.v ?? flags.logLevel),
    format: isSet("logFormat") ? flags.logFormat : (flags.zapEncoder ?? flags.logFormat),
  };
}

/**
 * The `serve` command.
 * @param run gets the settings; the command ends when it resolves.
 */
export function serveCommand(
  run: (settings: ServeSettings, level: LogLevel, format: LogFormat) => Promise<void>,
): Command {
  const command = new Command("serve")
    .description("Watch endpoints and their metrics, and push what is known to gateways.")
    .addHelpText("after", EXAMPLES);
  addFlags(command);
  return command.action(async (_, self: Command) => {
    const problem = contradiction(self.opts<Flags>());
    if (problem !== undefined) self.error(`error: ${problem}`);
    const { settings, level, format } = settingsOf(self);
    await run(settings, level, format);
  });
}
