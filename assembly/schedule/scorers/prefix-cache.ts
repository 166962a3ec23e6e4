import { addScore, candidateMatched, candidates } from "../candidates.ts";
import { blockTokens, promptBlocks } from "../inputs.ts";

/**
 * prefix-cache-scorer: the share of the prompt that the endpoint holds, and by `lengthWeight` also how much that is:
 *
 *   ratio  = matched blocks / blocks of the prompt
 *   length = min(1, matched blocks x tokens of a block / scale)^2
 *   score  = lengthWeight x length + (1 - lengthWeight) x ratio
 *
 * `lengthWeight` is matchLengthWeight, 0..1, `scale` matchLengthScaleTokens, above 0 where the weight is. Range 0..1.
 * Missing value: a prompt without blocks gives 0 to all, an endpoint of which nothing is known holds nothing.
 */
export function scorePrefixCache(weight: f64, lengthWeight: f64, scale: f64): void {
  const blocks = f64(promptBlocks);
  if (blocks == 0) return;
  const share = lengthWeight > 0 && scale > 0 ? lengthWeight : 0;
  const perBlock = share > 0 ? f64(blockTokens) / scale : 0;
  for (let i: u32 = 0; i < candidates(); i++) {
    const matched = f64(candidateMatched(i));
    const length = min<f64>(1, matched * perBlock);
    addScore(i, share * length * length + (1 - share) * (matched / blocks), weight);
  }
}
