// Types that other endpoint pickers know. A configuration that names one is refused like any unknown type, because
// leaving a step out would change every choice; but the message says that the name is right and the version is not.

const ELSEWHERE: ReadonlySet<string> = new Set([
  // scorers
  "active-request-scorer",
  "context-length-aware",
  "latency-scorer",
  "load-aware-scorer",
  "lora-affinity-scorer",
  "no-hit-lru-scorer",
  "precise-prefix-cache-scorer",
  "prefix-cache-scorer",
  "session-affinity-scorer",
  "token-load-scorer",
  // filters
  "by-label",
  "by-label-selector",
  "decode-filter",
  "encode-filter",
  "label-selector-filter",
  "prefill-filter",
  "prefix-cache-affinity-filter",
  "session-affinity-filter",
  "slo-headroom-tier-filter",
  "utilization-filter",
  // pickers and profile handlers
  "weighted-random-picker",
  "data-parallel-profile-handler",
  "disagg-profile-handler",
  "header-profile-handler",
  "pd-profile-handler",
  "always-disagg-pd-decider",
  "prefix-based-pd-decider",
  "disagg-headers-handler",
  "prefill-header-handler",
  // saturation, flow control, admission
  "concurrency-detector",
  "utilization-detector",
  "edf-ordering-policy",
  "fcfs-ordering-policy",
  "global-strict-fairness-policy",
  "round-robin-fairness-policy",
  "slo-deadline-ordering-policy",
  "static-usage-limit-policy",
  "latency-slo-admitter",
  "probabilistic-admitter",
  // data layer and parsers
  "approx-prefix-cache-producer",
  "core-metrics-extractor",
  "file-discovery",
  "inflight-load-producer",
  "metrics-data-source",
  "models-data-extractor",
  "models-data-source",
  "precise-prefix-cache-producer",
  "predicted-latency-producer",
  "token-producer",
  "tokenizer",
  "anthropic-parser",
  "openai-parser",
  "passthrough-parser",
  "vllmgrpc-parser",
  "vllmhttp-parser",
]);

/** Whether other endpoint pickers have a plugin of that type which this version lacks. */
export function knownElsewhere(type: string): boolean {
  return ELSEWHERE.has(type);
}
