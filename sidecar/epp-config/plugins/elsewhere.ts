// Types that other endpoint pickers have and this one has not. A configuration that names one is refused like any
// unknown type, because leaving the plugin out would change choices; but the message says that the name is right.

const ELSEWHERE: ReadonlySet<string> = new Set([
  // prefixes by the engines' events, or by other rules
  "burst-prefix-cache-producer",
  "mm-embeddings-cache-producer",
  "mm-embeddings-cache-scorer",
  "p2p-source-producer",
  "precise-prefix-cache-producer",
  "precise-prefix-cache-scorer",
  // scorers and filters
  "endpoint-attribute-filter",
  "endpoint-attribute-scorer",
  "header-based-testing-filter",
  "header-label-affinity-scorer",
  "predicted-latency-scorer",
  "session-affinity-filter",
  "topology-affinity-filter",
  "topology-affinity-scorer",
  "topology-extractor",
  "utilization-filter",
  // profile handlers and what goes before them
  "disaggregatedset-rollout-pod-extractor",
  "disaggregatedset-rollout-screener",
  "header-profile-handler",
  // several clusters
  "multicluster-approx-prefix-cache-producer",
  "multicluster-file-discovery",
  "multicluster-kv-cache-utilization-scorer",
  "multicluster-metrics-data-source",
  "multicluster-metrics-extractor",
  "multicluster-prefix-cache-scorer",
  "multicluster-queue-scorer",
  "multicluster-session-affinity-filter",
]);

/** What comes nearest to some of them here. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["precise-prefix-cache-producer", "approx-prefix-cache-producer"],
  ["precise-prefix-cache-scorer", "prefix-cache-scorer"],
  ["predicted-latency-scorer", "latency-scorer"],
  ["session-affinity-filter", "session-affinity-scorer"],
]);

/**
 * What to say of a type that other endpoint pickers have and this one lacks, and which type to use in its place where
 * one does nearly the same; undefined: there is no such type.
 */
export function elsewhereProblem(type: string): string | undefined {
  if (!ELSEWHERE.has(type)) return undefined;
  const instead = INSTEAD.get(type);
  const advice = instead === undefined ? "" : `; ${instead} is what comes nearest to it`;
  return `${type} is a known plugin that this version does not have${advice}`;
}
