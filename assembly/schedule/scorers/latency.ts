import {
  addScore, candidateMatched, candidateQueue, candidates, candidateSlot, candidateUsage,
} from "../candidates.ts";
import { hasPrediction, tpotHeadroom, ttftHeadroom } from "../headroom.ts";
import { promptBlocks } from "../inputs.ts";

/** Headroom spreads below this, in milliseconds, count as none. */
const EPSILON: f64 = 1e-9;
/** headroomSelectionStrategy: least headroom first, or most. */
const MOST: f64 = 1;

// Which candidates are scored. The first three are by what is missed: bit 0 the time per token, bit 1 the first token.
const KEEPING: u32 = 0;
const IDLE: u32 = 4;

/**
 * latency-scorer: by headroom, that is objective less prediction, of the time to the first token (TTFT) and per
 * further token (TPOT). Only one group of candidates is scored, the others get 0: those that keep both objectives;
 * else the idle ones; else those that miss TPOT alone, TTFT alone, both, the first of these that there are. In it
 *
 *   n        = (|headroom| - min) / (max - min), 0.5 where all are equal, for either time
 *   combined = ttftWeight x n(TTFT) + tpotWeight x n(TPOT), weights made to sum to 1
 *   score    = (trunc(100 x (1 - combined)) + 1) / 100
 *
 * so the one closest to its objectives is best, unless `strategy` is most (1) and objectives are kept: then `combined`
 * stands for 1 - combined. Where one of the times is equal everywhere, the other counts alone. Range 0.01..1 in the
 * group. Missing value: a time that is not predicted has headroom 0, which keeps its objective; where nothing is
 * predicted for anyone, the score is a sum of free KV cache, queue relative to the longest, and share of the prompt
 * held, by `kvWeight`, `queueWeight` and `prefixWeight`, rounded to hundredths.
 */
export function scoreLatency(
  weight: f64, ttftWeight: f64, tpotWeight: f64, strategy: f64, kvWeight: f64, queueWeight: f64, prefixWeight: f64,
): void {
  if (!anyPrediction()) return scoreComposite(weight, kvWeight, queueWeight, prefixWeight);
  const group = bestGroup();
  const most = strategy == MOST && group == KEEPING;
  const sum = ttftWeight + tpotWeight;
  let alpha = sum > 0 ? ttftWeight / sum : 1;
  let beta = sum > 0 ? tpotWeight / sum : 0;
  let leastTtft: f64 = f64.MAX_VALUE;
  let mostTtft: f64 = 0;
  let leastTpot: f64 = f64.MAX_VALUE;
  let mostTpot: f64 = 0;
  for (let i: u32 = 0; i < candidates(); i++) {
    if (!isIn(i, group)) continue;
    leastTtft = min(leastTtft, abs(ttftHeadroom(i)));
    mostTtft = max(mostTtft, abs(ttftHeadroom(i)));
    leastTpot = min(leastTpot, abs(tpotHeadroom(i)));
    mostTpot = max(mostTpot, abs(tpotHeadroom(i)));
  }
  const spreadTtft = mostTtft - leastTtft;
  const spreadTpot = mostTpot - leastTpot;
  if (spreadTtft <= EPSILON && spreadTpot > EPSILON) {
    alpha = 0;
    beta = 1;
  } else if (spreadTpot <= EPSILON && spreadTtft > EPSILON) {
    alpha = 1;
    beta = 0;
  }
  for (let i: u32 = 0; i < candidates(); i++) {
    if (!isIn(i, group)) continue;
    const ofTtft = spreadTtft > EPSILON ? (abs(ttftHeadroom(i)) - leastTtft) / spreadTtft : 0.5;
    const ofTpot = spreadTpot > EPSILON ? (abs(tpotHeadroom(i)) - leastTpot) / spreadTpot : 0.5;
    const combined = alpha * ofTtft + beta * ofTpot;
    // Rounding may take `combined` past 1 by a hair: no reason to fall to 0.
    addScore(i, (Math.trunc((most ? combined : 1 - combined) * 100) + 1) / 100, weight);
  }
}

function anyPrediction(): bool {
  for (let i: u32 = 0; i < candidates(); i++) {
    if (hasPrediction(i)) return true;
  }
  return false;
}

// Bit 0: the time per token misses its objective; bit 1: the first token does.
function missed(i: u32): u32 {
  return u32(tpotHeadroom(i) < 0) | (u32(ttftHeadroom(i) < 0) << 1);
}

function isIn(i: u32, group: u32): bool {
  return group == IDLE ? candidateSlot(i).inFlight() == 0 : missed(i) == group;
}

function bestGroup(): u32 {
  let best = IDLE;
  let idle = false;
  for (let i: u32 = 0; i < candidates(); i++) {
    best = min(best, missed(i));
    if (candidateSlot(i).inFlight() == 0) idle = true;
  }
  return idle && best != KEEPING ? IDLE : best;
}

function scoreComposite(weight: f64, kvWeight: f64, queueWeight: f64, prefixWeight: f64): void {
  const sum = kvWeight + queueWeight + prefixWeight;
  const ofKv = sum > 0 ? kvWeight / sum : 1;
  const ofQueue = sum > 0 ? queueWeight / sum : 0;
  const ofPrefix = sum > 0 ? prefixWeight / sum : 0;
  let longest: f64 = 0;
  for (let i: u32 = 0; i < candidates(); i++) longest = max(longest, candidateQueue(i));
  for (let i: u32 = 0; i < candidates(); i++) {
    const queue = longest > 0 ? (longest - candidateQueue(i)) / longest : 1;
    const prefix = promptBlocks > 0 ? f64(candidateMatched(i)) / f64(promptBlocks) : 0;
    const composite = ofKv * (1 - candidateUsage(i)) + ofQueue * queue + ofPrefix * prefix;
    addScore(i, Math.floor(100 * composite + 0.5) / 100, weight);
  }
}
