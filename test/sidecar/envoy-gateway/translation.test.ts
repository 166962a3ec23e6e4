import assert from "node:assert/strict";
import { test } from "node:test";
import { any, encode, inAny, type Plain } from "./codec.ts";
import { callHook, poolResource, startExtension, TARGET } from "./extension.ts";

const MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const CORS = { name: "envoy.filters.http.cors", typed_config: any("example.Cors", "Empty", { unknown: 1 }) };
const ROUTER = {
  name: "envoy.filters.http.router",
  typed_config: any("envoy.extensions.filters.http.router.v3.Router", "Empty", {}),
};
const BY_RDS = { rds: { route_config_name: "models/inference/http" } };

function chain(routes: Plain = BY_RDS, filters: Plain[] = [CORS, ROUTER]): Plain {
  const manager = { stat_prefix: "http-80", ...routes, http_filters: filters, unknown: [-1, 1] };
  return {
    name: "chain",
    filters: [
      { name: "first", typed_config: any("example.First", "Empty", { unknown: 2 }) },
      { name: "hcm", typed_config: any(MANAGER, "HttpConnectionManager", manager) },
    ],
  };
}

function managerOf(made: Plain): Plain {
  const { typed_config } = made.filters[1];
  assert.equal(typed_config.type_url, `type.googleapis.com/${MANAGER}`);
  return inAny("HttpConnectionManager", typed_config);
}

const names = (made: Plain): string[] => managerOf(made).http_filters.map(({ name }: Plain) => name);
const WITH_FILTER = ["envoy.filters.http.cors", "inline-epp", "envoy.filters.http.router"];

type Extension = Awaited<ReturnType<typeof startExtension>>;

/** A cluster that the extension has made for a pool. */
async function poolCluster({ call }: Extension): Promise<Plain> {
  const cluster = { name: "httproute/models/chat/rule/0", type: 3 };
  return (await call("PostClusterModify", { cluster, context: { resources: [poolResource("llama")] } })).cluster;
}

const LISTENER = { name: "models/inference/http", default_filter_chain: chain(), unknown: 9 };

test("a gateway with a pool gets the filter, off, and a cluster that leads to the sidecar", async (t) => {
  const extension = await startExtension(t);
  const got = await extension.call("PostTranslateModify", {
    clusters: [{ name: "plain" }, await poolCluster(extension)],
    secrets: [{ name: "certificate" }],
    listeners: [LISTENER],
    routes: [{ name: "routes" }],
  });
  assert.deepEqual(got.secrets, [{ name: "certificate" }]);
  assert.deepEqual(got.routes, [{ name: "routes" }]);
  assert.equal(got.listeners.length, 1);
  const [listener] = got.listeners;
  assert.equal(listener.name, "models/inference/http");
  assert.equal(listener.unknown, 9);
  assert.deepEqual(names(listener.default_filter_chain), WITH_FILTER);
  const manager = managerOf(listener.default_filter_chain);
  assert.deepEqual(manager.unknown, [-1, 1]);
  assert.equal(inAny("Empty", manager.http_filters[0].typed_config).unknown, 1);
  const [, filter] = manager.http_filters;
  assert.equal(filter.disabled, true);
  assert.equal(filter.typed_config, undefined);
  assert.deepEqual(filter.config_discovery.type_urls, [
    "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
  ]);
  const { api_config_source } = filter.config_discovery.config_source;
  assert.equal(api_config_source.grpc_services[0].google_grpc.target_uri, TARGET);

  assert.deepEqual(
    got.clusters.map(({ name }: Plain) => name),
    ["plain", "httproute/models/chat/rule/0", "inline-epp-state"],
  );
  const state = got.clusters[2];
  assert.equal(state.type, 1);
  assert.equal(state.load_assignment.cluster_name, "inline-epp-state");
  const [{ lb_endpoints }] = state.load_assignment.endpoints;
  assert.deepEqual(lb_endpoints[0].endpoint.address.socket_address, {
    address: "inline-epp.models.svc",
    port_value: 9002,
  });
  assert.deepEqual(inAny("ProtocolOptions", state.typed_extension_protocol_options[OPTIONS]), {
    explicit_http_config: {
      http2_protocol_options: { connection_keepalive: { interval: { seconds: 5 }, timeout: { seconds: 2 } } },
    },
  });
});

test("every HTTP connection manager gets it once, those of Envoy Gateway's probes do not", async (t) => {
  const extension = await startExtension(t);
  const request = {
    clusters: [await poolCluster(extension)],
    listeners: [
      { name: "tls", filter_chains: [chain(), chain()], default_filter_chain: chain() },
      { name: "probes", filter_chains: [chain({ route_config: { name: "ready" } })] },
      { name: "tcp", filter_chains: [{ filters: [{ name: "tcp", typed_config: any("example.Tcp", "Empty", {}) }] }] },
    ],
  };
  const once = await extension.call("PostTranslateModify", request);
  const check = ({ listeners }: Plain): void => {
    for (const made of [...listeners[0].filter_chains, listeners[0].default_filter_chain]) {
      assert.deepEqual(names(made), WITH_FILTER);
    }
    assert.deepEqual(names(listeners[1].filter_chains[0]), ["envoy.filters.http.cors", "envoy.filters.http.router"]);
    assert.equal(listeners[2].filter_chains[0].filters[0].name, "tcp");
  };
  check(once);
  // The answer as a request, as where two extension servers stand behind each other.
  const bytes = (list: Plain[]) => list.map((listener) => withBuffers(listener));
  const twice = await extension.call("PostTranslateModify", {
    clusters: once.clusters.map(withBuffers),
    listeners: bytes(once.listeners),
  });
  check(twice);
  assert.equal(twice.clusters.length, 2);
});

test("a gateway without a pool stays as it is", async (t) => {
  const { call } = await startExtension(t);
  const got = await call("PostTranslateModify", { clusters: [{ name: "plain" }], listeners: [LISTENER] });
  assert.deepEqual(got.clusters, [{ name: "plain" }]);
  assert.deepEqual(names(got.listeners[0].default_filter_chain), [
    "envoy.filters.http.cors",
    "envoy.filters.http.router",
  ]);
  assert.deepEqual(await call("PostTranslateModify", {}), {});
});

test("listeners that are kept from it are asked for", async (t) => {
  const extension = await startExtension(t);
  const request = encode("PostTranslateModifyRequest", { clusters: [await poolCluster(extension)].map(withBuffers) });
  await assert.rejects(callHook(extension.client!, "PostTranslateModify", request), {
    code: 9,
    details: /listener\.includeAll: true/,
  });
});

test("a gateway may be larger than gRPC's own limit", async (t) => {
  const { call } = await startExtension(t);
  const clusters = Array.from({ length: 50_000 }, (_, index) => ({ name: `${"x".repeat(150)}-${index}` }));
  const got = await call("PostTranslateModify", { clusters });
  assert.equal(got.clusters.length, 50_000);
});

test("hooks that are not needed leave all as it is", async (t) => {
  const { client } = await startExtension(t);
  for (const hook of ["PostVirtualHostModify", "PostHTTPListenerModify", "PostEndpointsModify"]) {
    assert.equal((await callHook(client!, hook, encode("PostRouteModifyRequest", {}))).length, 0);
  }
});

/** An object that was decoded, with its bytes as such again. */
function withBuffers(made: Plain): Plain {
  if (Array.isArray(made)) return made.map(withBuffers);
  if (typeof made !== "object" || made === null) return made;
  return Object.fromEntries(
    Object.entries(made).map(([key, value]) => {
      return [key, key === "value" && typeof value === "string" ? Buffer.from(value, "base64") : withBuffers(value)];
    }),
  );
}
