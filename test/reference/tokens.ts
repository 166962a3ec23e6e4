// Tokens and blocks of a prompt: how much of it an endpoint has cached, and what it costs there.

import type { Candidate, Request } from "./model.ts";

/** Share of the prompt's blocks that the candidate has cached, 0..1; 0 of a prompt without blocks. */
export function matchRatio({ matchedBlocks }: Candidate, { totalBlocks }: Request): number {
  return totalBlocks > 0 ? matchedBlocks / totalBlocks : 0;
}

/**
 * Tokens that the candidate would have to prefill: the blocks that are not cached, counted as whole blocks, and what
 * of the prompt lies behind the blocks that are looked up.
 */
export function uncachedTokens({ matchedBlocks }: Candidate, request: Request): number {
  const { promptTokens, totalBlocks, blockTokens } = request;
  const indexed = totalBlocks * blockTokens;
  return Math.max(indexed - matchedBlocks * blockTokens, 0) + Math.max(promptTokens - indexed, 0);
}

/**
 * Output tokens that a request is expected to produce: `ratio` per prompt token, rounded half up, and no more than the
 * client's own limit and the operator's. A prompt of unknown length is expected to produce none.
 */
export function expectedOutput(
  promptTokens: number,
  ratio: number,
  clientMost: number = Number.POSITIVE_INFINITY,
  operatorMost: number = Number.POSITIVE_INFINITY,
): number {
  return promptTokens > 0 ? Math.min(Math.round(promptTokens * ratio), clientMost, operatorMost) : 0;
}
