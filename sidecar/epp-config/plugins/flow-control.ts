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
import { counting, integer, number, oneOf } from "../../support/fields.ts";
import { someDuration } from "../readers.ts";
import { reference, required, withDefault } from "../shape.ts";
import { type PluginDescriptor, plugin, type Stage } from "./plugin.ts";

const headroom = withDefault(
  "share by which endpoints may go over the thresholds where the detector is a filter; this version has no such filter",
  number({ min: 0 }),
  0,
);
/** In the order of the numbers that the wire format has for them. */
const MODES = ["requests", "tokens", "hybrid"] as const;
const positive = number({ over: 0 });

/** The references' default. */
export const utilizationDetector = plugin({
  type: "utilization-detector",
  about: "Finds the pool saturated by its endpoints' queues and KV-cache use. The default.",
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
    queueDepthThreshold: withDefault(
      "waiting requests with which an endpoint is full",
      counting("requests", integer(1)),
      5,
    ),
    kvCacheUtilThreshold: withDefault("KV-cache use with which an endpoint is full", number({ over: 0, max: 1 }), 0.8),
    metricsStalenessThreshold: withDefault("an endpoint whose sample is older counts as full", someDuration, "200ms"),
    headroom,
  },
});

/** By what is in flight. */
export const concurrencyDetector = plugin({
  type: "concurrency-detector",
  about: "Finds the pool saturated by what is in flight at its endpoints.",
  stage: "saturation detector",
  detect: ({ maxConcurrency, maxTokenConcurrency, headroom, concurrencyMode }) => ({
    detector: DETECTOR_CONCURRENCY,
    detectorParameters: [maxConcurrency, maxTokenConcurrency, headroom, MODES.indexOf(concurrencyMode)],
  }),
  shape: {
    maxConcurrency: withDefault("requests with which an endpoint is full", counting("requests", integer(1)), 100),
    headroom,
    concurrencyMode: withDefault("what is counted; hybrid: whichever is the fuller", oneOf(...MODES), "requests"),
    maxTokenConcurrency: withDefault(
      "tokens with which an endpoint is full",
      counting("tokens", integer(1)),
      1_000_000,
    ),
    inFlightLoadProducerName: reference("inflight-load-producer"),
  },
});

/** Turns requests away that no endpoint would answer in time. */
export const latencySloAdmitter = plugin({
  type: "latency-slo-admitter",
  about: "Turns requests away that no endpoint would answer in time.",
  stage: "admitter",
  idle: "always",
  shape: { latencyPredictionInfoProducerName: reference("predicted-latency-producer") },
});

/** Turns requests away by chance, the more so the fuller the endpoints are. */
export const probabilisticAdmitter = plugin({
  type: "probabilistic-admitter",
  about: "Turns requests away by chance, the more so the fuller the endpoints are.",
  stage: "admitter",
  idle: "always",
  shape: {
    queueDepthThreshold: withDefault(
      "waiting requests with which an endpoint is full",
      counting("requests", integer(1)),
      5,
    ),
    kvCacheUtilThreshold: withDefault("KV-cache use with which an endpoint is full", positive, 0.8),
    power: withDefault("power of the saturation in the probability", positive, 5),
    k: withDefault("factor of that", positive, 300),
  },
});

/** Shares by what programs have been served. */
export const programAwareFairness = plugin({
  type: "program-aware-fairness",
  about: "Shares by what programs have been served.",
  stage: "fairness policy",
  idle: "always",
  shape: {
    strategy: withDefault("how it shares", oneOf("las"), "las"),
    evictionTtlSeconds: withDefault(
      "after which an idle program is forgotten",
      counting("seconds", number({ min: 0 })),
      3600,
    ),
    evictionSweepSeconds: withDefault("time between two looks for such", counting("seconds", positive), 300),
    lasWeightService: withDefault("weight of what a program has been served", number({ min: 0 }), 0.8),
    lasWeightHeadWait: withDefault("weight of how long its first request waits", number({ min: 0 }), 0.2),
    lasHalfLifeSeconds: withDefault(
      "after which what it has been served counts half",
      counting("seconds", number({ min: 0 })),
      60,
    ),
  },
});

/** By the tokens of flows. */
export const recentTokensFairness = plugin({
  type: "recent-tokens-fairness-policy",
  about: "The flow goes first that has been given the fewest tokens lately, output tokens counting twice.",
  own: true,
  stage: "fairness policy",
  share: ({ halfLife }) => ({ fairness: FAIRNESS_RECENT_TOKENS, halfLife: (parseDuration(halfLife) ?? 0) / 1000 }),
  shape: { halfLife: withDefault("after which tokens count half", someDuration, "60s") },
});

/** The references' default. */
export const staticUsageLimitPolicy = plugin({
  type: "static-usage-limit-policy",
  about: "Requests of all priorities wait from the same saturation on. The default.",
  stage: "usage limit policy",
  limit: ({ threshold }) => threshold,
  shape: { threshold: withDefault("the saturation from which on requests wait", positive, 1) },
});

/** Holds back part of the pool from lower priorities. */
export const priorityHoldbackPolicy = plugin({
  type: "priority-holdback-policy",
  about: "Holds back part of the pool from lower priorities.",
  stage: "usage limit policy",
  idle: "always",
  shape: {
    shape: withDefault("how the ceiling falls with the priority", oneOf("linear"), "linear"),
    domain: withDefault("what of a priority counts", oneOf("rank", "value"), "rank"),
    minCeiling: required("the ceiling of the lowest priority", number({ min: 0, max: 1 })),
    maxCeiling: withDefault("the ceiling of the highest priority", number({ over: 0, max: 1 }), 1),
  },
  check(values, place) {
    if (values.minCeiling >= values.maxCeiling) {
      place.at("minCeiling").refuse(`must be less than maxCeiling, is ${values.minCeiling} to ${values.maxCeiling}`);
    }
    return values;
  },
});

function idle(type: string, stage: Stage, about: string): PluginDescriptor {
  return plugin({ type, about, stage, idle: "always", shape: {} });
}

function fairness(type: string, constant: number, about: string): PluginDescriptor {
  const share = () => ({ fairness: constant, halfLife: PLAIN_BAND.halfLife });
  return plugin({ type, about, stage: "fairness policy", share, shape: {} });
}

function ordering(type: string, order: number, about: string): PluginDescriptor {
  return plugin({ type, about, stage: "ordering policy", order, shape: {} });
}

/** Policies without parameters. */
export const POLICIES: readonly PluginDescriptor[] = [
  fairness("global-strict-fairness-policy", FAIRNESS_GLOBAL_STRICT, "One queue for all flows of a band. The default."),
  fairness("round-robin-fairness-policy", FAIRNESS_ROUND_ROBIN, "Flows of a band take turns."),
  ordering("fcfs-ordering-policy", ORDER_FCFS, "Who came first goes first. The default."),
  ordering("edf-ordering-policy", ORDER_EDF, "Who may wait for the shortest time goes first."),
  ordering("slo-deadline-ordering-policy", ORDER_SLO_DEADLINE, "Who has to be answered soonest goes first."),
  idle("soft-reflective-ceiling-policy", "usage limit policy", "Lowers the ceiling of lower priorities with the load."),
  idle("sheddable-eviction-filter", "eviction policy", "Lets running requests be ended that may be shed."),
  idle(
    "priority-then-time-eviction-order-policy",
    "eviction policy",
    "Ends those of lower priority first, of these the latest.",
  ),
];
