// Where endpoints come from: a file, or which pools of a cluster.

import type { Command } from "commander";
import { OLD_POOL_GROUP, POOL_GROUP, type PoolGroup } from "../discovery/kubernetes/scope.ts";
import type { ClusterSettings } from "../kubernetes/kubeconfig.ts";
import type { EndpointsFrom, WantedScope } from "../serve-settings.ts";
import { labelSelector } from "./label-selector.ts";
import { option, spelled, switchOption } from "./option.ts";
import { fileName, namespaceName, namespaceNames, objectName, ports, someText } from "./values.ts";

/** As many as an InferencePool may have. */
const MAX_TARGET_PORTS = 8;
/** What a pool is called that no InferencePool names. */
const STANDALONE = "standalone";

/** What these flags say. */
export interface ScopeFlags {
  readonly endpoints?: string;
  readonly poolName?: string;
  readonly poolNamespace?: string;
  readonly poolGroup?: PoolGroup;
  readonly endpointSelector?: string;
  readonly endpointTargetPorts?: readonly number[];
  readonly namespaces?: readonly string[];
  readonly allNamespaces?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly zonesFromNodes?: boolean;
  readonly metricsEndpointAuth?: boolean;
}

/** The environment as a process sees it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Adds the flags to a command. */
export function addScopeFlags(command: Command): void {
  command.optionsGroup("Endpoints, from a file or from Kubernetes (in a cluster the default is --all-namespaces):");
  command.addOption(
    option("--endpoints <file>", "pools and their endpoints, YAML or JSON; followed as it changes").argParser(fileName),
  );
  command.addOption(option("--pool-name <name>", "serve this InferencePool alone").argParser(objectName));
  command.addOption(option("--namespaces <list>", "serve every InferencePool of these").argParser(namespaceNames));
  command.addOption(switchOption("all-namespaces", "serve every InferencePool of the cluster"));
  command.addOption(
    option(
      "--endpoint-selector <selector>",
      "serve the pods with these labels as one pool, without an InferencePool",
    ).argParser(labelSelector),
  );

  command.optionsGroup("Kubernetes:");
  command.addOption(
    option(
      "--pool-namespace <name>",
      "of --pool-name or --endpoint-selector (default: $NAMESPACE, else the kubeconfig's or the service account's)",
    ).argParser(namespaceName),
  );
  command.addOption(
    option("--pool-group <group>", `API group of --pool-name (default: "${POOL_GROUP}")`).choices([
      POOL_GROUP,
      OLD_POOL_GROUP,
    ]),
  );
  command.addOption(
    option("--endpoint-target-ports <list>", "ports of the pods of --endpoint-selector, such as 8000,8001").argParser(
      ports(MAX_TARGET_PORTS),
    ),
  );
  command.addOption(
    option("--kubeconfig <file>", "how to reach the cluster (default: the pod's own, else kubectl's)").argParser(
      fileName,
    ),
  );
  command.addOption(
    option("--context <name>", "context of the kubeconfig (default: its current one)").argParser(someText),
  );
  command.addOption(
    switchOption("zones-from-nodes", "an endpoint's zone is its node's; needs the right to watch nodes"),
  );
}

/** Flags of which each says by itself where endpoints come from. */
const SOURCES = ["endpoints", "poolName", "endpointSelector", "namespaces", "allNamespaces"] as const;

const CHOICES =
  "there is nothing to serve: give --endpoints FILE, or for a cluster --pool-name NAME, --namespaces LIST, " +
  "--all-namespaces or --endpoint-selector SELECTOR with --endpoint-target-ports LIST";

/** Whether this process runs in a pod of a cluster. */
export function inCluster({ KUBERNETES_SERVICE_HOST: host }: Environment): boolean {
  return host !== undefined && host !== "";
}

/** A flag that makes no sense where `when` holds, and why. */
interface Misfit {
  readonly key: keyof ScopeFlags;
  readonly when: boolean;
  readonly why: string;
}

function misfits(flags: ScopeFlags, env: Environment): readonly Misfit[] {
  const { poolName, endpointSelector, endpointTargetPorts, endpoints, metricsEndpointAuth: auth = false } = flags;
  const isFile = endpoints !== undefined;
  const noPool = poolName === undefined;
  const noSelector = endpointSelector === undefined;
  const reachesCluster = inCluster(env) || flags.kubeconfig !== undefined || flags.context !== undefined;
  const asksNobody = "contradicts --endpoints: leave one out, or add --metrics-endpoint-auth, which asks that cluster";
  return [
    { key: "poolGroup", when: noPool, why: "needs --pool-name" },
    {
      key: "poolNamespace",
      when: noPool && noSelector,
      why: "needs --pool-name or --endpoint-selector; to serve all pools of a namespace, give --namespaces",
    },
    {
      key: "endpointTargetPorts",
      when: noSelector,
      why: "needs --endpoint-selector; an InferencePool names its ports itself",
    },
    {
      key: "endpointSelector",
      when: endpointTargetPorts === undefined,
      why: "needs --endpoint-target-ports, such as --endpoint-target-ports=8000",
    },
    { key: "zonesFromNodes", when: isFile, why: "contradicts --endpoints: the file says each endpoint's zone" },
    { key: "kubeconfig", when: isFile && !auth, why: asksNobody },
    { key: "context", when: isFile && !auth, why: asksNobody },
    {
      key: "metricsEndpointAuth",
      when: isFile && !reachesCluster,
      why: "with --endpoints needs a cluster to ask who may read: give --kubeconfig, or leave it out",
    },
  ];
}

/** What the values of single flags cannot tell, as a message to the user. */
export function scopeContradiction(command: Command, env: Environment): string | undefined {
  const flags = command.opts<ScopeFlags>();
  const isGiven = (key: keyof ScopeFlags) => flags[key] !== undefined && flags[key] !== false;
  const sources = SOURCES.filter(isGiven);
  if (sources.length > 1) {
    const names = sources.map((key) => spelled(command, key)).join(" and ");
    return `${names} contradict each other: each says where endpoints come from; leave all but one out`;
  }
  const misfit = misfits(flags, env).find(({ key, when }) => when && isGiven(key));
  if (misfit !== undefined) return `${spelled(command, misfit.key)} ${misfit.why}`;
  return sources.length === 0 && !inCluster(env) ? CHOICES : undefined;
}

/** The Deployment that a pod's name tells of, without its two suffixes. */
function deploymentOf(podName: string | undefined): string | undefined {
  return /^(.+)-[a-z0-9]+-[a-z0-9]+$/.exec(podName ?? "")?.[1];
}

function scopeOf(flags: ScopeFlags, env: Environment): WantedScope {
  const namespace = flags.poolNamespace ?? (env.NAMESPACE || undefined);
  if (flags.poolName !== undefined) {
    return { kind: "pool", namespace, name: flags.poolName, group: flags.poolGroup ?? POOL_GROUP };
  }
  if (flags.endpointSelector !== undefined) {
    return {
      kind: "selector",
      namespace,
      name: deploymentOf(env.POD_NAME) ?? STANDALONE,
      selector: flags.endpointSelector,
      targetPorts: flags.endpointTargetPorts ?? [],
    };
  }
  if (flags.namespaces !== undefined) return { kind: "namespaces", namespaces: flags.namespaces };
  return { kind: "all" };
}

/** Where endpoints come from, of flags that do not contradict each other. */
export function endpointsFrom(flags: ScopeFlags, env: Environment): EndpointsFrom {
  if (flags.endpoints !== undefined) return { kind: "file", file: flags.endpoints };
  return { kind: "kubernetes", scope: scopeOf(flags, env), zonesFromNodes: flags.zonesFromNodes ?? false };
}

/** How to reach the cluster. */
export function clusterOf({ kubeconfig, context }: ScopeFlags): ClusterSettings {
  return { ...(kubeconfig !== undefined && { kubeconfig }), ...(context !== undefined && { context }) };
}
