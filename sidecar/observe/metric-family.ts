/**
 * Whose names metrics of pools and requests have: `gie`, the Gateway API Inference Extension's (`inference_*`), or
 * `llm-d`, those of llm-d-router (`llm_d_epp_*`).
 */
export type MetricFamily = "gie" | "llm-d";

/** Both, as they are written. */
export const METRIC_FAMILIES: readonly MetricFamily[] = ["gie", "llm-d"];
