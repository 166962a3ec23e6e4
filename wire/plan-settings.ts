import { HANDLER_SINGLE } from "./layout.ts";
import type { PlanSettings } from "./model.ts";

/** One profile runs, prompts are cut into blocks of 64 tokens, and only prompt tokens count as in flight. */
export const PLAIN_SETTINGS: PlanSettings = {
  handler: HANDLER_SINGLE,
  handlerParameters: [0],
  blockTokens: 64,
  maxBlocks: 256,
  lruBlocks: 31_250,
  outputRatio: 0,
  outputMax: 0,
};
