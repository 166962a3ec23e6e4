import assert from "node:assert/strict";
import { test } from "node:test";
import { any, decode, encode, inAny, type Plain } from "./codec.ts";
import { callHook, poolResource, startExtension, TARGET } from "./extension.ts";

const OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const MAGLEV = { name: "maglev", typed_config: any("example.Maglev", "Empty", { unknown: 7 }) };

/** As Envoy Gateway makes it, with its policy. */
function cluster(more: Plain = {}): Plain {
  return {
    name: "httproute/models/chat/rule/0",
    type: 3,
    eds_cluster_config: {
      eds_config: { ads: {}, resource_api_version: 2 },
      service_name: "httproute/models/chat/rule/0",
    },
    connect_timeout: { seconds: 10 },
    circuit_breakers: { thresholds: [{ max_retries: { value: 1024 } }] },
    load_balancing_policy: { policies: [{ typed_extension_config: MAGLEV }] },
    unknown: [1, 2],
    ...more,
  };
}

const request = (made: Plain, ...resources: Plain[]) => ({ cluster: made, context: { resources } });

test("a pool's cluster gets its endpoints from the sidecar and obeys the filter's header", async (t) => {
  const { call } = await startExtension(t);
  const { cluster: got } = await call("PostClusterModify", request(cluster(), poolResource("llama")));
  assert.equal(got.type, 3);
  assert.equal(got.cluster_type, undefined);
  assert.equal(got.eds_cluster_config.service_name, "models/llama");
  const source = got.eds_cluster_config.eds_config;
  assert.equal(source.ads, undefined);
  assert.equal(source.resource_api_version, 2);
  assert.equal(source.api_config_source.api_type, 2);
  assert.equal(source.api_config_source.transport_api_version, 2);
  assert.equal(source.api_config_source.grpc_services.length, 1);
  const [{ google_grpc, retry_policy }] = source.api_config_source.grpc_services;
  assert.equal(google_grpc.target_uri, TARGET);
  // A sidecar that comes back is found within seconds, however long it was away.
  assert.equal(google_grpc.channel_args.args["grpc.max_reconnect_backoff_ms"].int_value, 5000);
  assert.deepEqual(retry_policy.retry_back_off, {
    base_interval: { nanos: 500_000_000 },
    max_interval: { seconds: 5 },
  });

  assert.equal(got.load_balancing_policy.policies.length, 1);
  const { name, typed_config } = got.load_balancing_policy.policies[0].typed_extension_config;
  assert.equal(name, "envoy.load_balancing_policies.override_host");
  assert.equal(
    typed_config.type_url,
    "type.googleapis.com/envoy.extensions.load_balancing_policies.override_host.v3.OverrideHost",
  );
  const override = inAny("OverrideHost", typed_config);
  assert.deepEqual(override.override_host_sources, [{ header: "x-gateway-destination-endpoint" }]);
  // What stood there before is for requests without a pick.
  const [fallback] = override.fallback_policy.policies;
  assert.equal(fallback.typed_extension_config.name, "maglev");
  assert.equal(inAny("Empty", fallback.typed_extension_config.typed_config).unknown, 7);

  assert.deepEqual(got.metadata.filter_metadata["inline-epp"].fields, { pool: { string_value: "models/llama" } });
  const options = inAny("ProtocolOptions", got.typed_extension_protocol_options[OPTIONS]);
  assert.deepEqual(options, {
    common_http_protocol_options: { idle_timeout: { seconds: 4 } },
    explicit_http_config: { http_protocol_options: {} },
  });
  assert.deepEqual(got.connect_timeout, { seconds: 10 });
  assert.deepEqual(got.unknown, [1, 2]);
});

test("limits of a policy stay, others are high", async (t) => {
  const { call } = await startExtension(t);
  const limited = { thresholds: [{ max_requests: { value: 7 }, max_retries: { value: 1024 } }] };
  const { cluster: got } = await call(
    "PostClusterModify",
    request(cluster({ circuit_breakers: limited }), poolResource("llama")),
  );
  assert.deepEqual(got.circuit_breakers.thresholds, [
    {
      max_connections: { value: 65536 },
      max_pending_requests: { value: 65536 },
      max_requests: { value: 7 },
      max_retries: { value: 1024 },
    },
  ]);
  const bare = await call("PostClusterModify", request(cluster({ circuit_breakers: null }), poolResource("llama")));
  assert.equal(bare.cluster.circuit_breakers.thresholds[0].max_requests.value, 65536);
});

test("protocol options of a policy stay, and metadata of others", async (t) => {
  const { call } = await startExtension(t);
  const own = any(OPTIONS, "ProtocolOptions", { common_http_protocol_options: { idle_timeout: { seconds: 60 } } });
  const metadata = { filter_metadata: { "envoy-gateway": { fields: { kind: { string_value: "HTTPRoute" } } } } };
  const { cluster: got } = await call(
    "PostClusterModify",
    request(cluster({ typed_extension_protocol_options: { [OPTIONS]: own }, metadata }), poolResource("llama")),
  );
  const options = inAny("ProtocolOptions", got.typed_extension_protocol_options[OPTIONS]);
  assert.equal(options.common_http_protocol_options.idle_timeout.seconds, 60);
  assert.deepEqual(Object.keys(got.metadata.filter_metadata).sort(), ["envoy-gateway", "inline-epp"]);
});

test("a cluster without a policy falls back to the least requests", async (t) => {
  const { call } = await startExtension(t);
  const { cluster: got } = await call(
    "PostClusterModify",
    request(cluster({ load_balancing_policy: null }), poolResource("llama")),
  );
  const override = inAny("OverrideHost", got.load_balancing_policy.policies[0].typed_extension_config.typed_config);
  const [{ typed_extension_config: fallback }] = override.fallback_policy.policies;
  assert.equal(fallback.name, "envoy.load_balancing_policies.least_request");
  assert.match(fallback.typed_config.type_url, /\.least_request\.v3\.LeastRequest$/);
});

test("a pool that speaks h2c is spoken to in HTTP/2", async (t) => {
  const { call } = await startExtension(t);
  const h2c = poolResource("llama", { spec: { appProtocol: "kubernetes.io/h2c" } });
  const { cluster: got } = await call("PostClusterModify", request(cluster(), h2c));
  assert.deepEqual(inAny("ProtocolOptions", got.typed_extension_protocol_options[OPTIONS]), {
    explicit_http_config: { http2_protocol_options: {} },
  });
});

test("what a pool says of requests without a pick goes with its name", async (t) => {
  const { call } = await startExtension(t);
  for (const [spec, failureMode] of [
    [{ endpointPickerRef: { name: "epp", failureMode: "FailOpen" } }, "FailOpen"],
    [{ extensionRef: { name: "epp", failureMode: "FailClose" } }, "FailClose"],
    [{ endpointPickerRef: { name: "epp" } }, undefined],
  ] as const) {
    const { cluster: got } = await call("PostClusterModify", request(cluster(), poolResource("llama", { spec })));
    assert.equal(got.metadata.filter_metadata["inline-epp"].fields.failureMode?.string_value, failureMode);
  }
});

test("a pool of the older group is one, other kinds and groups are none", async (t) => {
  const { call } = await startExtension(t);
  const older = poolResource("llama", { apiVersion: "inference.networking.x-k8s.io/v1alpha2" });
  const { cluster: got } = await call("PostClusterModify", request(cluster(), older));
  assert.equal(got.eds_cluster_config.service_name, "models/llama");
  for (const other of [
    poolResource("llama", { kind: "S3Backend" }),
    poolResource("llama", { apiVersion: "example.com/v1" }),
  ]) {
    assert.deepEqual(await call("PostClusterModify", request(cluster(), other)), {});
  }
});

test("without a pool, or with several, a cluster stays as it is", async (t) => {
  const { call } = await startExtension(t);
  assert.deepEqual(await call("PostClusterModify", request(cluster())), {});
  const two = request(cluster(), poolResource("llama"), poolResource("qwen"));
  assert.deepEqual(await call("PostClusterModify", two), {});
});

test("what is no request is refused as such", async (t) => {
  const { client } = await startExtension(t);
  await assert.rejects(callHook(client!, "PostClusterModify", Buffer.from([0x0a, 0x05, 1])), {
    code: 3,
    details: "not what this hook is asked: a field ends behind its message",
  });
  const broken = { cluster: cluster(), context: { resources: [{ unstructured_bytes: Buffer.from("{") }] } };
  await assert.rejects(callHook(client!, "PostClusterModify", encode("PostClusterModifyRequest", broken)), { code: 3 });
  // And the next one is answered.
  const answer = await callHook(client!, "PostClusterModify", encode("PostClusterModifyRequest", request(cluster())));
  assert.deepEqual(decode("PostClusterModifyResponse", answer), {});
});
