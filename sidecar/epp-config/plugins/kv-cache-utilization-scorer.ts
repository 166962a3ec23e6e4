import { PLUGIN_KV_CACHE_UTILIZATION_SCORER } from "../../../wire/layout.ts";
import type { PluginDescriptor } from "./plugin.ts";

/** Prefers endpoints with more free KV cache: 1 - usage. */
export const kvCacheUtilizationScorer: PluginDescriptor = {
  type: "kv-cache-utilization-scorer",
  stage: "scorer",
  wire: PLUGIN_KV_CACHE_UTILIZATION_SCORER,
  parameters: [],
};
