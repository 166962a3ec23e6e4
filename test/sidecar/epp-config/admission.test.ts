// What detectors, policies and the flowControl section come to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stringify } from "yaml";
import { compile } from "../../../sidecar/epp-config/compile.ts";
import { printable } from "../../../sidecar/epp-config/print.ts";
import { readConfig } from "../../../sidecar/epp-config/read.ts";
import { quantityValue } from "../../../sidecar/epp-config/readers.ts";
import { findingText } from "../../../sidecar/support/findings.ts";
import * as L from "../../../wire/layout.ts";
import type { PlanBand } from "../../../wire/model.ts";
import { PLAIN_ADMISSION } from "../../../wire/plan-settings.ts";
import { problemsOf } from "./problems.ts";

const OLDER = "apiVersion: inference.networking.x-k8s.io/v1alpha1\nkind: EndpointPickerConfig\n";
const NEWER = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n";
const GATE = "featureGates: [flowControl]\n";
const PROFILE = "schedulingProfiles: [{name: a, plugins: [{pluginRef: queue-scorer}]}]\n";

function plugins(more = ""): string {
  return `plugins: [{type: queue-scorer}${more}]\n${PROFILE}`;
}

function admissionOf(text: string) {
  return readConfig(text, "f").config.settings.admission;
}

function warningsOf(text: string): string[] {
  return readConfig(text, "f").warnings.map(findingText);
}

function withFlow(section: string, more = "") {
  return admissionOf(`${NEWER}${GATE}${plugins(more)}flowControl: ${section}\n`);
}

function band(admission: { readonly bands: readonly PlanBand[] }, kind: number): PlanBand {
  return admission.bands.find((one) => one.kind === kind)!;
}

test("without a word the utilization detector counts, and nobody waits", () => {
  assert.deepEqual(admissionOf(`${NEWER}${plugins()}`), PLAIN_ADMISSION);
  assert.deepEqual(admissionOf(`${OLDER}${plugins()}`), PLAIN_ADMISSION);
});

test("the gate alone lets requests wait with the defaults; the last word on it counts", () => {
  assert.deepEqual(admissionOf(`${NEWER}${GATE}${plugins()}`), { ...PLAIN_ADMISSION, flowControl: true });
  const gates = (list: string) => admissionOf(`${NEWER}featureGates: [${list}]\n${plugins()}`).flowControl;
  assert.equal(gates("flowControl=true, flowControl=false"), false);
  assert.equal(gates("flowControl=0, flowControl"), true);
});

test("without the gate the section is told to have no effect, and has none; its detector has", () => {
  const text = `${NEWER}${plugins(", {type: concurrency-detector, parameters: {maxConcurrency: 7}}")}flowControl: {maxRequests: 5, saturationDetector: {pluginRef: concurrency-detector}}\n`;
  assert.deepEqual(warningsOf(text), [
    "flowControl (line 5): flowControl has no effect without the feature gate flowControl, but for saturationDetector",
  ]);
  assert.deepEqual(admissionOf(text), {
    ...PLAIN_ADMISSION,
    detector: L.DETECTOR_CONCURRENCY,
    detectorParameters: [7, 1_000_000, 0, 0],
  });
});

test("the utilization detector's thresholds: the plugin's, and those of the section before them", () => {
  const detector = (parameters: string, section: string) => {
    const text = `${OLDER}${plugins(`, {type: utilization-detector, parameters: {${parameters}}}`)}saturationDetector: {${section}}\n`;
    assert.deepEqual(warningsOf(text), []);
    return admissionOf(text).detectorParameters;
  };
  assert.deepEqual(detector("", ""), [5, 0.8, 200, 0]);
  assert.deepEqual(
    detector("queueDepthThreshold: 9, headroom: 0.5, metricsStalenessThreshold: 1s", ""),
    [9, 0.8, 1000, 0.5],
  );
  assert.deepEqual(
    detector("queueDepthThreshold: 9", "kvCacheUtilThreshold: 0.6, metricsStalenessThreshold: 50ms"),
    [9, 0.6, 50, 0],
  );
  assert.deepEqual(detector("queueDepthThreshold: 9", "queueDepthThreshold: 3"), [3, 0.8, 200, 0]);
});

test("thresholds of the section beside another detector are warned of, and a threshold of 0 counts as the default", () => {
  const section = (fields: string) => `saturationDetector: {${fields}}\n`;
  const other = `${OLDER}${plugins(", {type: concurrency-detector}")}${section("pluginRef: concurrency-detector, queueDepthThreshold: 3")}`;
  assert.deepEqual(warningsOf(other), [
    "queueDepthThreshold of saturationDetector has no effect beside a concurrency-detector",
  ]);
  const zero = `${OLDER}${plugins()}${section("queueDepthThreshold: 0, kvCacheUtilThreshold: 0")}`;
  assert.deepEqual(warningsOf(zero), [
    "saturationDetector.queueDepthThreshold (line 5): 0 is out of range and counts as 5",
    "saturationDetector.kvCacheUtilThreshold (line 5): 0 is out of range and counts as 0.8",
  ]);
  assert.deepEqual(admissionOf(zero), PLAIN_ADMISSION);
});

test("the concurrency detector's modes by their numbers", () => {
  for (const [number, mode] of ["requests", "tokens", "hybrid"].entries()) {
    const type = `, {type: concurrency-detector, name: c, parameters: {concurrencyMode: ${mode}, headroom: 0.2, maxTokenConcurrency: 500}}`;
    const { detector, detectorParameters } = withFlow("{saturationDetector: {pluginRef: c}}", type);
    assert.deepEqual([detector, ...detectorParameters], [L.DETECTOR_CONCURRENCY, 100, 500, 0.2, number]);
  }
});

test("quantities are read as Kubernetes reads them", () => {
  const values = { "0": 0, "500": 500, "1k": 1000, "1.1k": 1100, "10Gi": 10_737_418_240, "1e3": 1000, "1500m": 2 };
  for (const [written, value] of Object.entries(values)) assert.equal(quantityValue(written), value, written);
  assert.deepEqual(["1M", "1G", "1E3", "0.5Ki", "1n", "+7"].map(quantityValue), [1e6, 1e9, 1000, 512, 1, 7]);
  assert.equal(quantityValue(12.5), 13);
  assert.equal(quantityValue("1Ei"), Number.MAX_SAFE_INTEGER);
});

test("how long requests wait: without endpoints as long as with, unless said; 0 means without end", () => {
  const times = (section: string) => {
    const { ttl, noEndpointTtl } = withFlow(section);
    return [ttl, noEndpointTtl];
  };
  assert.deepEqual(times("{}"), [60_000, 60_000]);
  assert.deepEqual(times("{defaultRequestTTL: 5s}"), [5000, 5000]);
  assert.deepEqual(times("{noEndpointRequestTTL: 10m}"), [60_000, 600_000]);
  assert.deepEqual(times("{defaultRequestTTL: 0s}"), [0, 0]);
  assert.deepEqual(times("{defaultRequestTTL: 1ns, noEndpointRequestTTL: 0s}"), [1, 0]);
  assert.deepEqual(times("{defaultRequestTTL: 2000h}"), [4_294_967_295, 4_294_967_295]);
});

test("bands: 0 counts as left out, those for negative priorities fall back to the default band", () => {
  const one = withFlow(
    "{defaultPriorityBand: {maxRequests: 7, maxBytes: 0}, priorityBands: [{maxBytes: 1Ki}, {priority: -3}]}",
  );
  assert.deepEqual(
    one.bands.map(({ kind, priority, maxBytes, maxRequests }) => [kind, priority, maxBytes, maxRequests]),
    [
      [L.BAND_EXACT, 0, 1024n, 5000],
      [L.BAND_EXACT, -3, 1_000_000_000n, 5000],
      [L.BAND_DEFAULT, 0, 1_000_000_000n, 7],
      [L.BAND_NEGATIVE, 0, 1_000_000_000n, 7],
    ],
  );
  const other = withFlow(
    "{defaultPriorityBand: {maxRequests: 7}, defaultNegativePriorityBand: {priority: -1, maxBytes: 5}}",
  );
  const { priority, maxBytes, maxRequests } = band(other, L.BAND_NEGATIVE);
  assert.deepEqual([priority, maxBytes, maxRequests], [0, 5n, 5000]);
});

test("policies by the names of their plugins", () => {
  const more =
    ", {type: recent-tokens-fairness-policy, name: recent, parameters: {halfLife: 1m30s}}, {type: round-robin-fairness-policy}, {type: slo-deadline-ordering-policy, name: slo}, {type: static-usage-limit-policy, parameters: {threshold: 0.75}}";
  const admission = withFlow(
    "{maxBytes: 1M, defaultPriorityBand: {fairnessPolicyRef: recent, orderingPolicyRef: slo}, defaultNegativePriorityBand: {fairnessPolicyRef: round-robin-fairness-policy}}",
    more,
  );
  const { fairness, order, halfLife } = band(admission, L.BAND_DEFAULT);
  assert.deepEqual([fairness, order, halfLife], [L.FAIRNESS_RECENT_TOKENS, L.ORDER_SLO_DEADLINE, 90]);
  assert.equal(band(admission, L.BAND_NEGATIVE).fairness, L.FAIRNESS_ROUND_ROBIN);
  assert.equal(admission.usageLimit, 0.75, "the policy that is there by its type needs no reference");
  assert.equal(admission.queueBytes, 1_000_000n);
});

test("what has no effect is told of, and leaves the default in its place", () => {
  const more = ", {type: program-aware-fairness}, {type: priority-holdback-policy, parameters: {minCeiling: 0.5}}";
  const section =
    "{enableEviction: true, usageLimitPolicyPluginRef: priority-holdback-policy, defaultPriorityBand: {fairnessPolicyRef: program-aware-fairness}}";
  assert.deepEqual(warningsOf(`${NEWER}${GATE}${plugins(more)}flowControl: ${section}\n`), [
    "flowControl.enableEviction (line 6): enableEviction has no effect in this version",
    "plugins[1] (line 4): program-aware-fairness has no effect in this version",
    "plugins[2] (line 4): priority-holdback-policy has no effect in this version",
  ]);
  assert.deepEqual(withFlow(section, more), { ...PLAIN_ADMISSION, flowControl: true });
});

test("a priority with two bands and a threshold that nothing stays under are refused", () => {
  const flow = (section: string, more = "") => problemsOf(`${NEWER}${GATE}${plugins(more)}flowControl: ${section}\n`);
  assert.deepEqual(flow("{priorityBands: [{priority: 1}, {priority: 2}, {priority: 1}]}"), [
    "flowControl.priorityBands[2] (line 6): priority 1 is already that of priorityBands[0]",
  ]);
  assert.deepEqual(flow("{}", ", {type: static-usage-limit-policy, parameters: {threshold: 0}}"), [
    "plugins[1].parameters.threshold (line 4): must be a finite number over 0, is 0",
  ]);
});

test("the printed configuration has every default, and reads back as the same admission", () => {
  const text = `${NEWER}${GATE}${plugins(", {type: round-robin-fairness-policy}")}flowControl: {defaultRequestTTL: 5s, priorityBands: [{priority: 3, fairnessPolicyRef: round-robin-fairness-policy}]}\n`;
  const { config } = readConfig(text, "f");
  const printed = printable(config) as { flowControl: object };
  const plain = {
    maxBytes: "1G",
    maxRequests: 5000,
    fairnessPolicyRef: "global-strict-fairness-policy",
    orderingPolicyRef: "fcfs-ordering-policy",
  };
  assert.deepEqual(printed.flowControl, {
    maxBytes: 0,
    maxRequests: 0,
    defaultRequestTTL: "5s",
    noEndpointRequestTTL: "5s",
    defaultPriorityBand: plain,
    defaultNegativePriorityBand: plain,
    priorityBands: [{ ...plain, priority: 3, fairnessPolicyRef: "round-robin-fairness-policy" }],
    usageLimitPolicyPluginRef: "static-usage-limit-policy",
    saturationDetector: { pluginRef: "utilization-detector" },
  });
  const again = readConfig(stringify(printed), "f");
  assert.deepEqual(again.warnings, []);
  assert.deepEqual(compile(again.config), compile(config));
});
