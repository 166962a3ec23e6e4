// Istio's patch semantics, as far as our EnvoyFilter uses them, on JSON in the place of protobuf messages. Istio's own
// are in pilot/pkg/networking/core/envoyfilter and pkg/proto/merge of istio.io/istio. What is not here is refused.

import assert from "node:assert/strict";

/** A protobuf message as JSON, with the field names of the .proto files. */
export type Message = { [field: string]: unknown };

export type Patch = {
  readonly applyTo: string;
  readonly match: {
    readonly context: string;
    readonly listener?: { readonly filterChain: { readonly filter: { name: string; subFilter: { name: string } } } };
    readonly routeConfiguration?: { readonly vhost: { readonly route: { readonly name: string } } };
    readonly cluster?: { readonly service?: string; readonly portNumber?: number };
  };
  readonly patch: { readonly operation: string; readonly value: Message };
};

type HttpFilter = Message & { name: string };

/** What a gateway's proxy is sent, as far as patches reach. */
export type GatewayConfig = {
  readonly httpFilters: HttpFilter[];
  readonly routes: (Message & { name: string })[];
  readonly clusters: (Message & { name: string })[];
};

/** Fields that are maps: entries are replaced as a whole, where a message's fields are merged one by one. */
const MAPS = ["typed_per_filter_config", "typed_extension_protocol_options", "filter_metadata"];

const isMessage = (value: unknown): value is Message =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Merges a message into another of the same kind: scalars are overwritten, lists go on, messages are merged. */
export function mergeInto(target: Message, source: Message): void {
  for (const [field, value] of Object.entries(source)) {
    const before = target[field];
    if (Array.isArray(value)) target[field] = [...((before as unknown[] | undefined) ?? []), ...structuredClone(value)];
    else if (!isMessage(value) || !isMessage(before)) target[field] = structuredClone(value);
    else if (MAPS.includes(field)) target[field] = { ...before, ...structuredClone(value) };
    // An Any is a type and bytes, both overwritten.
    else if ("@type" in value) target[field] = structuredClone(value);
    else mergeInto(before, value);
  }
}

/** The host and the port in a cluster's name, `outbound|<port>|<subset>|<host>`. */
function serviceOf(cluster: string): { host: string; port: number } {
  const [, port, , host = ""] = cluster.split("|");
  return { host, port: Number(port) };
}

function insertFilter({ httpFilters }: GatewayConfig, { match, patch }: Patch): number {
  assert.equal(patch.operation, "INSERT_BEFORE");
  const filter = match.listener!.filterChain.filter;
  assert.equal(filter.name, "envoy.filters.network.http_connection_manager");
  const at = httpFilters.findIndex(({ name }) => name === filter.subFilter.name);
  if (at < 0) return 0;
  httpFilters.splice(at, 0, structuredClone(patch.value) as HttpFilter);
  return 1;
}

function mergeEach(targets: readonly Message[], { patch }: Patch): number {
  assert.equal(patch.operation, "MERGE");
  for (const target of targets) mergeInto(target, patch.value);
  return targets.length;
}

/** Applies an EnvoyFilter's patches in their order. Each must have reached something: Istio says nothing where not. */
export function applyPatches(config: GatewayConfig, patches: readonly Patch[]): void {
  for (const patch of patches) {
    const { applyTo, match } = patch;
    assert.equal(match.context, "GATEWAY");
    let reached: number;
    if (applyTo === "HTTP_FILTER") {
      reached = insertFilter(config, patch);
    } else if (applyTo === "HTTP_ROUTE") {
      const wanted = match.routeConfiguration!.vhost.route.name;
      reached = mergeEach(
        config.routes.filter(({ name }) => name === wanted),
        patch,
      );
    } else {
      assert.equal(applyTo, "CLUSTER");
      const { service, portNumber } = match.cluster!;
      const fits = ({ name }: { name: string }): boolean => {
        const { host, port } = serviceOf(name);
        return (service === undefined || service === host) && (portNumber === undefined || portNumber === port);
      };
      reached = mergeEach(config.clusters.filter(fits), patch);
    }
    assert.ok(reached > 0, `a patch of ${applyTo} reaches nothing: ${JSON.stringify(match)}`);
  }
}
