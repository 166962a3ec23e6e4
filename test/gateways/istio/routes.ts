// Envoy's routes for an HTTPRoute, as Istio makes them.

import type { KubeObject } from "../../harness/helm.ts";
import { clusterOf, clusterOfPool } from "./clusters.ts";
import { pickerOf } from "./filters.ts";
import type { GatewayConfig, Message } from "./patches.ts";

type Backend = { kind?: string; name: string; port?: number };
type Rule = {
  name?: string;
  matches: { path: { type: string; value: string } }[];
  backendRefs: [Backend];
};

/** Istio's own, where a route has none. */
const RETRIES = {
  retry_on: "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
  num_retries: 2,
  retry_host_predicate: [
    {
      name: "envoy.retry_host_predicates.previous_hosts",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
      },
    },
  ],
  host_selection_retry_max_attempts: 5,
};

function matchOf({ type, value }: { type: string; value: string }): Message {
  if (type === "Exact") return { path: value };
  return value === "/" ? { prefix: "/" } : { path_separated_prefix: value };
}

/** One route for each match, of the rule's name, else of the rule's place; the most telling paths come first. */
export function routesOf(
  { metadata: { name, namespace }, spec }: KubeObject,
  pools: readonly KubeObject[],
): GatewayConfig["routes"] {
  const routes = (spec.rules as Rule[]).flatMap((rule, place) => {
    const [backend] = rule.backendRefs;
    const pool = pools.find(({ metadata }) => backend.kind === "InferencePool" && metadata.name === backend.name);
    const picker = pool?.spec.endpointPickerRef;
    return rule.matches.map(({ path }) => ({
      name: rule.name ?? `${namespace}.${name}.${place}`,
      match: matchOf(path),
      route: {
        cluster: pool ? clusterOfPool(pool) : clusterOf(backend.name, namespace!, backend.port!),
        timeout: "0s",
        retry_policy: RETRIES,
      },
      typed_per_filter_config: picker
        ? pickerOf(clusterOf(picker.name, namespace!, picker.port.number), picker.failureMode === "FailOpen")
        : {},
      depth: path.value.length,
    }));
  });
  return routes.sort((a, b) => b.depth - a.depth).map(({ depth: _, ...route }) => route);
}
