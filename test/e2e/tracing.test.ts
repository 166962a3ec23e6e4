// Spans of a real Envoy and of the sidecar at one collector.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freePorts } from "../../scripts/stack/ports.ts";
import { waitUntil } from "../../scripts/stack/ready.ts";
import type { EnvoyOptions } from "../harness/envoy.ts";
import { type Cluster, connectionManager, listenerOf } from "../harness/envoy-config.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../harness/otlp-receiver.ts";
import { chat, chats } from "../harness/requests.ts";
import { startStack } from "../harness/stack.ts";

const PATIENCE_MS = 30_000;
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const OTHER_TRACE = "5".repeat(32);
const PARENT = "00f067aa0ba902b7";

interface Tracing {
  readonly receiver: OtlpReceiver;
  /** Whether the filter is told Envoy's span, as docs/tracing.md has it. */
  readonly joined: boolean;
  /** Percent of requests that Envoy traces by itself. */
  readonly sampled?: number;
}

/** Envoy's own spans go to the collector, too, one by one. */
function envoyTracing({ receiver: { http }, joined, sampled = 100 }: Tracing): EnvoyOptions {
  const [address, port] = http.split(":") as [string, string];
  const socket = { socket_address: { address, port_value: Number(port) } };
  const cluster: Cluster = {
    name: "otlp",
    type: "STATIC",
    load_assignment: { cluster_name: "otlp", endpoints: [{ lb_endpoints: [{ endpoint: { address: socket } }] }] },
  };
  const tracer = {
    "@type": "type.googleapis.com/envoy.config.trace.v3.OpenTelemetryConfig",
    service_name: "envoy",
    http_service: { http_uri: { uri: `http://${http}/v1/traces`, cluster: "otlp", timeout: "1s" } },
  };
  const span = { key: "x-inline-epp-span", value: "%TRACE_ID%-%SPAN_ID%" };
  const telling = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
    mutations: {
      request_mutations: [{ append: { header: span, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" } }],
    },
  };
  return {
    edit(config) {
      config.static_resources.clusters.push(cluster);
      config.layered_runtime = {
        layers: [{ name: "test", static_layer: { "tracing.opentelemetry.min_flush_spans": 1 } }],
      };
      const manager = connectionManager(listenerOf(config));
      manager.tracing = {
        random_sampling: { value: sampled },
        provider: { name: "envoy.tracers.opentelemetry", typed_config: tracer },
      };
      if (joined) manager.http_filters.unshift({ name: "envoy.filters.http.header_mutation", typed_config: telling });
    },
  };
}

function traceparent(flags: string, trace = TRACE): { headers: Record<string, string> } {
  return { headers: { traceparent: `00-${trace}-${PARENT}-${flags}` } };
}

const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter((span) => span.name === name);

/** Waits until so many requests are at the collector with all their spans, of Envoy's as well. */
async function collected({ spans }: OtlpReceiver, requests: number, envoys = requests): Promise<void> {
  const all = () => named(spans, "gateway.request").length >= requests && named(spans, "ingress").length >= envoys;
  await waitUntil(`${requests} requests at the collector`, async () => all(), PATIENCE_MS);
}

test("told Envoy's span, our spans are below it, in the client's trace or in Envoy's own, as Envoy samples", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const stack = await startStack(
    {
      sidecar: {
        flags: { tracing: true },
        program: "build/inline-epp.mjs", // the packages that send by gRPC are loaded in ways of their own
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${receiver.grpc}`, OTEL_RESOURCE_ATTRIBUTES: "rack=7" },
      },
      envoy: envoyTracing({ receiver, joined: true }),
    },
    t,
  );
  await chat(stack.url, traceparent("00", OTHER_TRACE));
  const { pod } = await chat(stack.url);
  await chat(stack.url, traceparent("01"));
  await collected(receiver, 2);
  const requests = named(receiver.spans, "gateway.request");
  const ingresses = named(receiver.spans, "ingress");
  assert.deepEqual([requests.length, ingresses.length], [2, 2], "the unsampled one is in no span");
  for (const ingress of ingresses) {
    const [ours, ...others] = requests.filter(({ traceId }) => traceId === ingress.traceId);
    assert.deepEqual(others, []);
    assert.equal(ours!.parentId, ingress.spanId);
    assert.ok(ingress.start <= ours!.start && ours!.start <= ingress.end, "it begins while Envoy has the request");
    const [orchestration] = named(receiver.spans, "gateway.request_orchestration").filter(
      ({ parentId }) => parentId === ours!.spanId,
    );
    assert.ok(ours!.start <= orchestration!.start && orchestration!.end <= ours!.end);
    const [profile] = named(receiver.spans, "run_scheduler_profile").filter(
      ({ parentId }) => parentId === orchestration!.spanId,
    );
    assert.equal(profile!.traceId, ingress.traceId);
    assert.equal((profile!.attributes["inline_epp.picks"] as string[])[0], ours!.attributes["inline_epp.endpoint"]);
  }
  assert.equal(ingresses.filter(({ traceId, parentId }) => traceId === TRACE && parentId === PARENT).length, 1);
  const [own] = requests.filter(({ traceId }) => traceId !== TRACE);
  assert.equal(own!.service, "inline-epp");
  assert.equal(own!.resource.rack, "7");
  const { attributes } = own!;
  assert.equal(attributes["inline_epp.endpoint_name"], `default/${pod}`);
  assert.equal(attributes["gen_ai.request.model"], "base");
  assert.equal(attributes["http.response.status_code"], 200);
});

test("a request that Envoy leaves out is left out here, too, unless its client traces it", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const stack = await startStack(
    {
      sidecar: {
        flags: { tracing: true },
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${receiver.grpc}`, OTEL_TRACES_SAMPLER_ARG: "1" },
      },
      envoy: envoyTracing({ receiver, joined: true, sampled: 0 }),
    },
    t,
  );
  await chats(stack.url, 20);
  await chat(stack.url, traceparent("01"));
  await collected(receiver, 1, 0);
  const [request, ...others] = named(receiver.spans, "gateway.request");
  assert.deepEqual([request!.traceId, request!.parentId, others], [TRACE, PARENT, []]);
  assert.deepEqual(named(receiver.spans, "ingress"), []);
});

test("not told Envoy's span, ours is below the client's, beside Envoy's; over HTTP as well", async (t) => {
  const receiver = await startOtlpReceiver(t);
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${receiver.http}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    OTEL_SERVICE_NAME: "picker",
  };
  const stack = await startStack(
    { sidecar: { flags: { tracing: true }, env }, envoy: envoyTracing({ receiver, joined: false }) },
    t,
  );
  await chat(stack.url, traceparent("01"));
  await collected(receiver, 1);
  const [request] = named(receiver.spans, "gateway.request");
  const [ingress] = named(receiver.spans, "ingress");
  assert.deepEqual([request!.traceId, request!.parentId, request!.service], [TRACE, PARENT, "picker"]);
  assert.deepEqual([ingress!.traceId, ingress!.parentId], [TRACE, PARENT]);
});

test("without a collector requests go on, and the spans are dropped and counted", async (t) => {
  const [dead] = (await freePorts(1)) as [number];
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${dead}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    OTEL_TRACES_SAMPLER: "always_on",
  };
  const stack = await startStack({ sidecar: { flags: { tracing: true }, env } }, t);
  const answers = await chats(stack.url, 50);
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const dropped = async () => {
    const line = /^inline_epp_spans_dropped_total\{reason="export_failed"\} (\d+)$/m.exec(
      await stack.sidecar.metrics(),
    );
    return Number(line?.[1] ?? 0);
  };
  // Three spans for each.
  await waitUntil("all are dropped", async () => (await dropped()) >= 150, PATIENCE_MS);
  assert.equal(await dropped(), 150);
  assert.equal((await chat(stack.url)).status, 200);
});
