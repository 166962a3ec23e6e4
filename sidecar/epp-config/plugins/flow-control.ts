// Saturation, admission and queueing. All of it is read, and none of it has an effect in this version.

import { integer, number, oneOf } from "../../support/fields.ts";
import { someDuration } from "../readers.ts";
import { reference, required, withDefault } from "../shape.ts";
import { type PluginDescriptor, plugin, type Stage } from "./plugin.ts";

const headroom = withDefault(number({ min: 0 }), 0);
const positive = number({ over: 0 });

/** Saturated by queue and KV-cache use. The references' default. */
export const utilizationDetector = plugin({
  type: "utilization-detector",
  stage: "saturation detector",
  idle: "unless default",
  shape: {
    queueDepthThreshold: withDefault(integer(1), 5),
    kvCacheUtilThreshold: withDefault(number({ over: 0, max: 1 }), 0.8),
    metricsStalenessThreshold: withDefault(someDuration, "200ms"),
    headroom,
  },
});

/** Saturated by requests or tokens in flight. */
export const concurrencyDetector = plugin({
  type: "concurrency-detector",
  stage: "saturation detector",
  idle: "always",
  shape: {
    maxConcurrency: withDefault(integer(1), 100),
    headroom,
    concurrencyMode: withDefault(oneOf("requests", "tokens", "hybrid"), "requests"),
    maxTokenConcurrency: withDefault(integer(1), 1_000_000),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
});

/** Turns requests away that no endpoint would answer in time. */
export const latencySloAdmitter = plugin({
  type: "latency-slo-admitter",
  stage: "admitter",
  idle: "always",
  shape: { latencyPredictionInfoProducerName: reference("predicted-latency-producer") },
});

/** Turns requests away by chance, the more so the fuller the endpoints are. */
export const probabilisticAdmitter = plugin({
  type: "probabilistic-admitter",
  stage: "admitter",
  idle: "always",
  shape: {
    queueDepthThreshold: withDefault(integer(1), 5),
    kvCacheUtilThreshold: withDefault(positive, 0.8),
    power: withDefault(positive, 5),
    k: withDefault(positive, 300),
  },
});

/** Shares by what programs have been served. */
export const programAwareFairness = plugin({
  type: "program-aware-fairness",
  stage: "fairness policy",
  idle: "always",
  shape: {
    strategy: withDefault(oneOf("las"), "las"),
    evictionTtlSeconds: withDefault(number({ min: 0 }), 3600),
    evictionSweepSeconds: withDefault(positive, 300),
    lasWeightService: withDefault(number({ min: 0 }), 0.8),
    lasWeightHeadWait: withDefault(number({ min: 0 }), 0.2),
    lasHalfLifeSeconds: withDefault(number({ min: 0 }), 60),
  },
});

/** Limits the use of the pool for all alike. The references' default. */
export const staticUsageLimitPolicy = plugin({
  type: "static-usage-limit-policy",
  stage: "usage limit policy",
  idle: "unless default",
  shape: { threshold: withDefault(number(), 1) },
});

/** Holds back part of the pool from lower priorities. */
export const priorityHoldbackPolicy = plugin({
  type: "priority-holdback-policy",
  stage: "usage limit policy",
  idle: "always",
  shape: {
    shape: withDefault(oneOf("linear"), "linear"),
    domain: withDefault(oneOf("rank", "value"), "rank"),
    minCeiling: required(number({ min: 0, max: 1 })),
    maxCeiling: withDefault(number({ over: 0, max: 1 }), 1),
  },
  check(values, place) {
    if (values.minCeiling >= values.maxCeiling) {
      place.at("minCeiling").refuse(`must be less than maxCeiling, is ${values.minCeiling} to ${values.maxCeiling}`);
    }
    return values;
  },
});

function bare(type: string, stage: Stage, idle: "always" | "unless default"): PluginDescriptor {
  return plugin({ type, stage, idle, shape: {} });
}

/** Policies without parameters. */
export const POLICIES: readonly PluginDescriptor[] = [
  bare("global-strict-fairness-policy", "fairness policy", "unless default"),
  bare("round-robin-fairness-policy", "fairness policy", "always"),
  bare("fcfs-ordering-policy", "ordering policy", "unless default"),
  bare("edf-ordering-policy", "ordering policy", "always"),
  bare("slo-deadline-ordering-policy", "ordering policy", "always"),
  bare("soft-reflective-ceiling-policy", "usage limit policy", "always"),
  bare("sheddable-eviction-filter", "eviction policy", "always"),
  bare("priority-then-time-eviction-order-policy", "eviction policy", "always"),
];
