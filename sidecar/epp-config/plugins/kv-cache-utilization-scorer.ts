import { PLUGIN_KV_CACHE_UTILIZATION_SCORER } from "../../../wire/layout.ts";
import { plugin, scoring } from "./plugin.ts";

/** Prefers endpoints with more free KV cache: 1 - usage. */
export const kvCacheUtilizationScorer = plugin({
  type: "kv-cache-utilization-scorer",
  about: "Prefers endpoints with more of their KV-cache free: 1 - use.",
  stage: "scorer",
  shape: {},
  steps: () => [scoring(PLUGIN_KV_CACHE_UTILIZATION_SCORER)],
});
