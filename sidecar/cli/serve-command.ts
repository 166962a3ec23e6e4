import { networkInterfaces } from "node:os";
import { Command } from "commander";
import type { LogFormat, LogLevel } from "../observe/log.ts";
import { METRIC_FAMILIES, type MetricFamily } from "../observe/metric-family.ts";
import type { ServeSettings } from "../serve-settings.ts";
import { formatDuration } from "../support/duration.ts";
import {
  addEnvoyGatewayFlags,
  type EnvoyGatewayFlags,
  envoyGatewayContradiction,
  envoyGatewaySettings,
} from "./envoy-gateway-flags.ts";
import {
  addExtProcFlags,
  type ExtProcFlags,
  extProcContradiction,
  extProcSettings,
  tlsSettings,
} from "./ext-proc-flags.ts";
import { addLogFlags, type LogFlags, logSettings } from "./log-flags.ts";
import { durationOption, option, spelled, switchOption } from "./option.ts";
import { addPageFlags, type PageFlags, pageContradiction, pageSettings } from "./page-flags.ts";
import { addReferenceFlags, flagsWithoutEffect, refusedFlag, type WithoutEffect } from "./reference-flags.ts";
import { addReplicaFlags, type ReplicaFlags, replicaContradiction, replicaSettings } from "./replica-flags.ts";
import {
  addScopeFlags,
  clusterOf,
  type Environment,
  endpointsFrom,
  inCluster,
  type ScopeFlags,
  scopeContradiction,
} from "./scope-flags.ts";
import {
  addScrapeFlags,
  metricsPlaceOf,
  type ScrapeFlags,
  scrapeContradiction,
  verifiesTls,
  vllmMetricsOf,
} from "./scrape-flags.ts";
import { addTracingFlags, type TracingFlags, tracingContradiction, tracingOf } from "./tracing-flags.ts";
import { fileName, ipAddress, metricFamilies, port } from "./values.ts";

const HOUR = 3_600_000;
const LOOPBACK = "127.0.0.1";

const EXAMPLES = `
Each flag can be set by its environment variable too; the command line wins.
Durations are written as in Go: 50ms, 2s, 1m30s. A [bool] is true without a value, and takes =true or =false.
Flags of other endpoint pickers are taken where that does no harm; docs/reference-flags.md has them all.

Examples:
  Endpoints from a file, everything else as it comes:
    $ inline-epp serve --endpoints endpoints.yaml
  In a container, reachable from other machines, with a configuration that is followed as it changes:
    $ inline-epp serve --endpoints /etc/epp/endpoints.yaml --config-file /etc/epp/config.yaml --bind 0.0.0.0
  In a pod, one InferencePool of the pod's own namespace:
    $ inline-epp serve --pool-name base --config-file /etc/epp/config.yaml
  In a pod, every InferencePool of two namespaces, or of the cluster:
    $ inline-epp serve --namespaces team-a,team-b
    $ inline-epp serve
  In a pod, the pods of a Deployment without any InferencePool:
    $ inline-epp serve --endpoint-selector app=vllm --endpoint-target-ports 8000
  On your own machine, with kubectl's access to a cluster whose pods can be reached from there:
    $ inline-epp serve --kubeconfig ~/.kube/config --context test --all-namespaces --log-format text
`;

interface Flags
  extends ScopeFlags,
    ScrapeFlags,
    ExtProcFlags,
    ReplicaFlags,
    EnvoyGatewayFlags,
    PageFlags,
    TracingFlags,
    LogFlags {
  readonly configFile?: string;
  readonly configText?: string;
  readonly bind?: string;
  readonly grpcPort: number;
  readonly grpcHealthPort: number;
  readonly metricsPort: number;
  readonly metricsFamilies: readonly MetricFamily[];
  readonly serveFilter: boolean;
  readonly drainTimeout: number;
}

/** How the process logs, and what it has to say of its flags. */
export interface Manner {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly withoutEffect: readonly WithoutEffect[];
}

function addFlags(command: Command): void {
  addScopeFlags(command);

  command.optionsGroup("Scheduling:");
  command.addOption(
    option("--config-file <file>", "EndpointPickerConfig, YAML or JSON; followed as it changes (default: built in)")
      .argParser(fileName)
      .conflicts("configText"),
  );
  command.addOption(option("--config-text <yaml>", "EndpointPickerConfig as text, in place of a file"));

  command.optionsGroup("Listening:");
  command.addOption(
    option(
      "--bind <ip>",
      `address for all ports (default: "${LOOPBACK}"; in a pod with endpoints from Kubernetes every address)`,
    ).argParser(ipAddress),
  );
  command.addOption(option("--grpc-port <port>", "port that gateways connect to").argParser(port).default(9002));
  command.addOption(option("--grpc-health-port <port>", "port of gRPC health checks").argParser(port).default(9003));
  command.addOption(
    option("--metrics-port <port>", "port of /metrics, /healthz, /readyz, /state and /filter.wasm")
      .argParser(port)
      .default(9090),
  );
  command.addOption(
    option("--metrics-families <families>", "names for metrics of pools and requests: gie, llm-d or gie,llm-d")
      .argParser(metricFamilies)
      .default(METRIC_FAMILIES, METRIC_FAMILIES.join(",")),
  );
  command.addOption(
    switchOption(
      "metrics-endpoint-auth",
      "/metrics and /state only with a bearer token whose owner the cluster lets get that path (default: false)",
    ),
  );
  command.addOption(
    switchOption("serve-filter", "/filter.wasm on --metrics-port, for gateways to fetch").default(true, "true"),
  );
  command.addOption(
    durationOption(
      "--drain-timeout <duration>",
      "time after a signal to stop in which gateways are still served, but probes say not ready",
      0,
      HOUR,
    ).default(0, formatDuration(0)),
  );

  addExtProcFlags(command);
  addScrapeFlags(command);
  addReplicaFlags(command);
  addEnvoyGatewayFlags(command);
  addPageFlags(command);
  addTracingFlags(command);
  addLogFlags(command);
  addReferenceFlags(command);
}

/** Ports that cannot be listened on beside each other; 0 is any free one, each time another. */
function portContradiction(command: Command): string | undefined {
  const flags = command.opts<Flags>();
  const extension = flags.envoyGatewayExtension === true ? (["envoyGatewayExtensionPort"] as const) : [];
  const keys = [...(["grpcPort", "grpcHealthPort", "metricsPort", "pagePort"] as const), ...extension];
  for (const [at, key] of keys.entries()) {
    const other = keys.slice(0, at).find((earlier) => flags[earlier] === flags[key] && flags[key] !== 0);
    if (other === undefined) continue;
    return `${spelled(command, other)} and ${spelled(command, key)} are both ${flags[key]}: each needs a port of its own`;
  }
  return undefined;
}

/** Every address of this machine, of both families where it has both. */
function anyAddress(): string {
  const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === "IPv6"));
  return hasIpv6 ? "::" : "0.0.0.0";
}

function settingsOf(flags: Flags, env: Environment): ServeSettings {
  const { configFile, configText } = flags;
  const endpoints = endpointsFrom(flags, env);
  const vllmMetrics = vllmMetricsOf(flags);
  const replicas = replicaSettings(flags);
  const extProc = extProcSettings(flags);
  const envoyGateway = envoyGatewaySettings(flags);
  const page = pageSettings(flags);
  const tracing = tracingOf(flags, env);
  return {
    endpoints,
    cluster: clusterOf(flags),
    config: configFile !== undefined ? { file: configFile } : configText !== undefined ? { text: configText } : {},
    bind: flags.bind ?? (endpoints.kind === "kubernetes" && inCluster(env) ? anyAddress() : LOOPBACK),
    grpcPort: flags.grpcPort,
    grpcHealthPort: flags.grpcHealthPort,
    metricsPort: flags.metricsPort,
    metricsFamilies: flags.metricsFamilies,
    metricsEndpointAuth: flags.metricsEndpointAuth ?? false,
    serveFilter: flags.serveFilter,
    drainTimeout: flags.drainTimeout,
    refreshMetricsInterval: flags.refreshMetricsInterval,
    metricsStalenessThreshold: flags.metricsStalenessThreshold,
    ...(flags.scrapeTimeout !== undefined && { scrapeTimeout: flags.scrapeTimeout }),
    metricsPlace: metricsPlaceOf(flags),
    verifyMetricsTls: verifiesTls(flags),
    ...(vllmMetrics !== undefined && { vllmMetrics }),
    tls: tlsSettings(flags),
    ...(extProc !== undefined && { extProc }),
    ...(replicas !== undefined && { replicas }),
    ...(envoyGateway !== undefined && { envoyGateway }),
    ...(page !== undefined && { page }),
    ...(tracing !== undefined && { tracing }),
  };
}

/**
 * The `serve` command.
 * @param run gets the settings; the command ends when it resolves.
 */
export function serveCommand(
  run: (settings: ServeSettings, manner: Manner) => Promise<void>,
  env: Environment = process.env,
): Command {
  const command = new Command("serve")
    .description("Watch endpoints and their metrics, and push what is known to gateways.")
    .addHelpText("after", EXAMPLES);
  addFlags(command);
  return command.action(async (_, self: Command) => {
    const problem =
      refusedFlag(self) ??
      scopeContradiction(self, env) ??
      portContradiction(self) ??
      extProcContradiction(self) ??
      scrapeContradiction(self) ??
      replicaContradiction(self) ??
      envoyGatewayContradiction(self) ??
      pageContradiction(self) ??
      tracingContradiction(self, env);
    if (problem !== undefined) self.error(`error: ${problem}`);
    const flags = self.opts<Flags>();
    await run(settingsOf(flags, env), { ...logSettings(flags), withoutEffect: flagsWithoutEffect(self) });
  });
}
