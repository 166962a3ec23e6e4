import { activeRequestScorer } from "./active-request-scorer.ts";
import { byLabel, decodeFilter, encodeFilter, prefillFilter } from "./by-label.ts";
import { contextLengthAware } from "./context-length-aware.ts";
import * as dataLayer from "./data-layer.ts";
import { alwaysDisaggMultimodalDecider, alwaysDisaggPdDecider, prefixBasedPdDecider } from "./deciders.ts";
import { disaggProfileHandler, pdProfileHandler } from "./disagg-profile-handlers.ts";
import { expectedLatencyScorer } from "./expected-latency-scorer.ts";
import * as flowControl from "./flow-control.ts";
import { kvCacheUtilizationScorer } from "./kv-cache-utilization-scorer.ts";
import { byLabelSelector, labelSelectorFilter } from "./label-selector-filter.ts";
import { latencyScorer } from "./latency-scorer.ts";
import { loadAwareScorer } from "./load-aware-scorer.ts";
import { loraAffinityScorer } from "./lora-affinity-scorer.ts";
import { noHitLruScorer } from "./no-hit-lru-scorer.ts";
import { maxScorePicker, randomPicker, weightedRandomPicker } from "./pickers.ts";
import type { PluginDescriptor } from "./plugin.ts";
import { prefixCacheAffinityFilter } from "./prefix-cache-affinity-filter.ts";
import { prefixCacheScorer } from "./prefix-cache-scorer.ts";
import * as producers from "./producers.ts";
import { queueScorer } from "./queue-scorer.ts";
import * as requestHandlers from "./request-handlers.ts";
import { runningRequestsSizeScorer } from "./running-requests-size-scorer.ts";
import { sessionAffinityScorer } from "./session-affinity-scorer.ts";
import { dataParallelProfileHandler, singleProfileHandler } from "./single-profile-handlers.ts";
import { sloHeadroomTierFilter } from "./slo-headroom-tier-filter.ts";
import { tokenLoadScorer } from "./token-load-scorer.ts";
import { tokenRateLimiter } from "./token-rate-limiter.ts";

/** Every plugin of this version. A new one is a file beside these and an entry here. */
export const PLUGINS: readonly PluginDescriptor[] = [
  queueScorer,
  kvCacheUtilizationScorer,
  runningRequestsSizeScorer,
  prefixCacheScorer,
  loraAffinityScorer,
  tokenLoadScorer,
  activeRequestScorer,
  loadAwareScorer,
  sessionAffinityScorer,
  noHitLruScorer,
  contextLengthAware,
  latencyScorer,
  expectedLatencyScorer,
  labelSelectorFilter,
  byLabelSelector,
  byLabel,
  decodeFilter,
  prefillFilter,
  encodeFilter,
  prefixCacheAffinityFilter,
  sloHeadroomTierFilter,
  maxScorePicker,
  randomPicker,
  weightedRandomPicker,
  singleProfileHandler,
  dataParallelProfileHandler,
  disaggProfileHandler,
  pdProfileHandler,
  prefixBasedPdDecider,
  alwaysDisaggPdDecider,
  alwaysDisaggMultimodalDecider,
  producers.approxPrefixCacheProducer,
  producers.inflightLoadProducer,
  producers.predictedLatencyProducer,
  producers.tokenProducer,
  producers.tokenizer,
  producers.sessionIdProducer,
  dataLayer.metricsDataSource,
  dataLayer.coreMetricsExtractor,
  dataLayer.modelsDataSource,
  dataLayer.modelsDataExtractor,
  dataLayer.dcgmDataSource,
  dataLayer.dcgmExtractor,
  dataLayer.k8sNotificationSource,
  dataLayer.endpointNotificationSource,
  dataLayer.fileDiscovery,
  dataLayer.localSyncer,
  dataLayer.requestAttributeReporter,
  requestHandlers.disaggHeadersHandler,
  requestHandlers.prefillHeaderHandler,
  requestHandlers.agentIdentity,
  requestHandlers.destinationEndpointServedVerifier,
  ...requestHandlers.PARSERS,
  flowControl.utilizationDetector,
  flowControl.concurrencyDetector,
  flowControl.latencySloAdmitter,
  flowControl.probabilisticAdmitter,
  flowControl.programAwareFairness,
  flowControl.recentTokensFairness,
  flowControl.staticUsageLimitPolicy,
  flowControl.priorityHoldbackPolicy,
  ...flowControl.POLICIES,
  tokenRateLimiter,
];

const BY_TYPE = new Map(PLUGINS.map((plugin) => [plugin.type, plugin]));

/** The plugin of that type, undefined where this version has none. */
export function pluginByType(type: string): PluginDescriptor | undefined {
  return BY_TYPE.get(type);
}
