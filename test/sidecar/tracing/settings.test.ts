import assert from "node:assert/strict";
import { test } from "node:test";
import { sampledPlans } from "../../../sidecar/tracing/sampled-plans.ts";
import { tracingSettings, VariableRefused } from "../../../sidecar/tracing/settings.ts";
import { SAMPLER_PARENT, SAMPLER_RATIO } from "../../../wire/layout.ts";
import { FakePlans } from "../push/fake-source.ts";

test("without variables a tenth of the traces that begin here, by gRPC", () => {
  const sampling = { sampler: SAMPLER_PARENT, ratio: 0.1 };
  const endpoint = "http://localhost:4317";
  assert.deepEqual(tracingSettings({}), { sampling, protocol: "grpc", endpoint });
  assert.deepEqual(tracingSettings({ OTEL_TRACES_SAMPLER: "", OTEL_TRACES_SAMPLER_ARG: " " }), tracingSettings({}));
});

test("every sampler of OpenTelemetry that needs no server", () => {
  const sampling = (sampler: string, argument = "0.25") =>
    tracingSettings({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: argument })?.sampling;
  assert.deepEqual(sampling("parentbased_traceidratio"), { sampler: SAMPLER_PARENT, ratio: 0.25 });
  assert.deepEqual(sampling("parentbased_always_on"), { sampler: SAMPLER_PARENT, ratio: 1 });
  assert.deepEqual(sampling("parentbased_always_off"), { sampler: SAMPLER_PARENT, ratio: 0 });
  assert.deepEqual(sampling("traceidratio"), { sampler: SAMPLER_RATIO, ratio: 0.25 });
  assert.deepEqual(sampling("always_on"), { sampler: SAMPLER_RATIO, ratio: 1 });
  assert.deepEqual(sampling("always_off"), { sampler: SAMPLER_RATIO, ratio: 0 });
});

test("the protocol of traces goes before that of all signals", () => {
  const OTEL_EXPORTER_OTLP_PROTOCOL = "http/protobuf";
  assert.equal(tracingSettings({ OTEL_EXPORTER_OTLP_PROTOCOL })?.protocol, "http/protobuf");
  const OTEL_EXPORTER_OTLP_TRACES_PROTOCOL = "grpc";
  assert.equal(tracingSettings({ OTEL_EXPORTER_OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL })?.protocol, "grpc");
});

test("OpenTelemetry's own switches turn it off", () => {
  assert.equal(tracingSettings({ OTEL_SDK_DISABLED: "true" }), undefined);
  assert.equal(tracingSettings({ OTEL_TRACES_EXPORTER: "none" }), undefined);
  assert.equal(tracingSettings({ OTEL_SDK_DISABLED: "True" }), undefined);
  assert.notEqual(tracingSettings({ OTEL_SDK_DISABLED: "false", OTEL_TRACES_EXPORTER: "otlp" }), undefined);
});

for (const [name, value, wanted] of [
  ["OTEL_TRACES_SAMPLER", "sometimes", "always_on, always_off, traceidratio"],
  ["OTEL_TRACES_SAMPLER_ARG", "1.5", "a number from 0 to 1"],
  ["OTEL_TRACES_SAMPLER_ARG", "half", "a number from 0 to 1"],
  ["OTEL_TRACES_EXPORTER", "console", "otlp, none"],
  ["OTEL_SDK_DISABLED", "yes", "true, false"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "grpc, http/protobuf"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "http://collector:4317"],
  ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/v1/traces", "http://collector:4317"],
] as const) {
  test(`${name}=${value} is refused by name`, () => {
    assert.throws(
      () => tracingSettings({ [name]: value }),
      (error: Error) =>
        error instanceof VariableRefused &&
        error.message.startsWith(`${name}=${value}: Expected `) &&
        error.message.includes(wanted),
    );
  });
}

test("a plan that has requests traced is another plan", () => {
  const plans = new FakePlans();
  const sampling = { sampler: SAMPLER_PARENT, ratio: 0.1 };
  const sampled = sampledPlans(plans, sampling);
  const plan = sampled.plan("p");
  assert.deepEqual(plan.settings.sampling, sampling);
  assert.deepEqual(plan, sampledPlans(plans, sampling).plan("p"), "the same in another process");
  const others = [plans.plan("p"), sampledPlans(plans, { ...sampling, ratio: 0.2 }).plan("p")];
  for (const other of others) assert.notEqual(other.epoch, plan.epoch);
  let told = 0;
  sampled.subscribe(() => told++);
  plans.change();
  assert.equal(told, 1);
  assert.notEqual(sampled.plan("p").epoch, plan.epoch);
});
