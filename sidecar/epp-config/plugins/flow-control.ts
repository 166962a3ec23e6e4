// Saturation, admission and queueing.

import {
  DETECTOR_CONCURRENCY,
  DETECTOR_UTILIZATION,
  FAIRNESS_GLOBAL_STRICT,
  FAIRNESS_RECENT_TOKENS,
  FAIRNESS_ROUND_ROBIN,
  ORDER_EDF,
  ORDER_FCFS,
  ORDER_SLO_DEADLINE,
} from "../../../wire/layout.ts";
import { PLAIN_BAND } from "../../../wire/plan-settings.ts";
import { parseDuration } from "../../support/duration.ts";
import { integer, number, oneOf } from "../../support/fields.ts";
import { someDuration } from "../readers.ts";
import { reference, required, withDefault } from "../shape.ts";
import { type PluginDescriptor, plugin, type Stage } from "./plugin.ts";

const headroom = withDefault(number({ min: 0 }), 0);
/** In the order of the numbers that the wire format has for them. */
const MODES = ["requests", "tokens", "hybrid"] as const;
const positive = number({ over: 0 });

/** Saturated by queue and KV-cache use. The references' default. */
export const utilizationDetector = plugin({
  type: "utilization-detector",
  stage: "saturation detector",
  detect: ({ queueDepthThreshold, kvCacheUtilThreshold, metricsStalenessThreshold, headroom }) => ({
    detector: DETECTOR_UTILIZATION,
    detectorParameters: [
      queueDepthThreshold,
      kvCacheUtilThreshold,
      parseDuration(metricsStalenessThreshold) ?? 0,
      headroom,
    ],
  }),
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
  detect: ({ maxConcurrency, maxTokenConcurrency, headroom, concurrencyMode }) => ({
    detector: DETECTOR_CONCURRENCY,
    detectorParameters: [maxConcurrency, maxTokenConcurrency, headroom, MODES.indexOf(concurrencyMode)],
  }),
  shape: {
    maxConcurrency: withDefault(integer(1), 100),
    headroom,
    concurrencyMode: withDefault(oneOf(...MODES), "requests"),
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

/** Shares by the tokens that flows have been given lately. This product's own. */
export const recentTokensFairness = plugin({
  type: "recent-tokens-fairness-policy",
  stage: "fairness policy",
  share: ({ halfLife }) => ({ fairness: FAIRNESS_RECENT_TOKENS, halfLife: (parseDuration(halfLife) ?? 0) / 1000 }),
  shape: { halfLife: withDefault(someDuration, "60s") },
});

/** Limits the use of the pool for all alike. The references' default. */
export const staticUsageLimitPolicy = plugin({
  type: "static-usage-limit-policy",
  stage: "usage limit policy",
  limit: ({ threshold }) => threshold,
  shape: { threshold: withDefault(positive, 1) },
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

function idle(type: string, stage: Stage): PluginDescriptor {
  return plugin({ type, stage, idle: "always", shape: {} });
}

function fairness(type: string, constant: number): PluginDescriptor {
  const share = () => ({ fairness: constant, halfLife: PLAIN_BAND.halfLife });
  return plugin({ type, stage: "fairness policy", share, shape: {} });
}

function ordering(type: string, order: number): PluginDescriptor {
  return plugin({ type, stage: "ordering policy", order, shape: {} });
}

/** Policies without parameters. */
export const POLICIES: readonly PluginDescriptor[] = [
  fairness("global-strict-fairness-policy", FAIRNESS_GLOBAL_STRICT),
  fairness("round-robin-fairness-policy", FAIRNESS_ROUND_ROBIN),
  ordering("fcfs-ordering-policy", ORDER_FCFS),
  ordering("edf-ordering-policy", ORDER_EDF),
  ordering("slo-deadline-ordering-policy", ORDER_SLO_DEADLINE),
  idle("soft-reflective-ceiling-policy", "usage limit policy"),
  idle("sheddable-eviction-filter", "eviction policy"),
  idle("priority-then-time-eviction-order-policy", "eviction policy"),
];
