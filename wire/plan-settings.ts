import {
  BAND_DEFAULT,
  BAND_NEGATIVE,
  DETECTOR_UTILIZATION,
  FAIRNESS_GLOBAL_STRICT,
  HANDLER_SINGLE,
  ORDER_FCFS,
} from "./layout.ts";
import type { PlanAdmission, PlanBand, PlanSettings } from "./model.ts";

/** What the reference gives a priority of which nothing is said. */
export const PLAIN_BAND: PlanBand = {
  kind: BAND_DEFAULT,
  priority: 0,
  maxBytes: 1_000_000_000n,
  maxRequests: 5000,
  fairness: FAIRNESS_GLOBAL_STRICT,
  order: ORDER_FCFS,
  halfLife: 10,
};

/** The reference's defaults: only priorities below 0 are turned away, by queue and KV-cache use. */
export const PLAIN_ADMISSION: PlanAdmission = {
  detector: DETECTOR_UTILIZATION,
  detectorParameters: [5, 0.8, 200, 0],
  usageLimit: 1,
  flowControl: false,
  queueBytes: 0n,
  queueRequests: 0,
  ttl: 60_000,
  noEndpointTtl: 60_000,
  bands: [PLAIN_BAND, { ...PLAIN_BAND, kind: BAND_NEGATIVE }],
};

/**
 * One profile runs, prompts are cut into blocks of 64 tokens, only prompt tokens count as in flight, and nothing is
 * limited.
 */
export const PLAIN_SETTINGS: PlanSettings = {
  handler: HANDLER_SINGLE,
  handlerParameters: [0],
  blockTokens: 64,
  maxBlocks: 256,
  lruBlocks: 31_250,
  outputRatio: 0,
  outputMax: 0,
  admission: PLAIN_ADMISSION,
  limits: [],
};
