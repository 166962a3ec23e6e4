import { PLUGIN_LORA_AFFINITY_SCORER } from "../../../wire/layout.ts";
import { plugin, scoring } from "./plugin.ts";

/** Prefers endpoints with the request's adapter: running 1, a free slot 0.8, waiting 0.6, else 0. */
export const loraAffinityScorer = plugin({
  type: "lora-affinity-scorer",
  about: `Prefers endpoints that have the request's adapter: 1 where it runs, 0.8 with room for one more, 0.6 where it waits, else 0.`,
  stage: "scorer",
  shape: {},
  steps: () => [scoring(PLUGIN_LORA_AFFINITY_SCORER)],
});
