// What one request has taken by rate limits, from its headers to its end, and what is told of them in its answer.

import { giveBlock, takeBlock } from "../memory/blocks.ts";

/** One limit, for one request. */
@unmanaged
@final
export class Share {
  /** The limit's key. */
  limit: u64;
  /** xxh64 of what names the client; 0: nothing does. */
  client: u64;
  /** Key of the budget that the request has taken from; 0: it has not. */
  budget: u64;
  /** Microseconds that a request and a token cost; 0: there may be any number. */
  requestCost: f64;
  tokenCost: f64;
  /** Tokens taken. */
  tokens: f64;
}

/** All limits of its pool's plan for one request. The shares follow. */
@unmanaged
@final
export class Allowance {
  count: u32;
  /**
   * Of the budget that has least left, of requests and of tokens: what there may be (0: no limit), what is left, and
   * the microseconds until it is full.
   */
  requests: f64;
  requestsLeft: f64;
  requestsReset: f64;
  tokens: f64;
  tokensLeft: f64;
  tokensReset: f64;
}

@inline
function bytesFor(count: u32): usize {
  return offsetof<Allowance>() + usize(count) * offsetof<Share>();
}

/** A zeroed allowance of so many limits. */
export function takeAllowance(count: u32): Allowance {
  const at = takeBlock(bytesFor(count));
  memory.fill(at, 0, bytesFor(count));
  const allowance = changetype<Allowance>(at);
  allowance.count = count;
  return allowance;
}

/** Gives an allowance back. */
export function releaseAllowance(allowance: Allowance): void {
  giveBlock(changetype<usize>(allowance), bytesFor(allowance.count));
}

@inline
export function shareAt(allowance: Allowance, index: u32): Share {
  return changetype<Share>(changetype<usize>(allowance) + bytesFor(index));
}

/** The share of a limit; null where the request's headers came before that limit. */
export function shareOf(allowance: Allowance, limit: u64): Share | null {
  for (let i: u32 = 0; i < allowance.count; i++) {
    const share = shareAt(allowance, i);
    if (share.limit == limit) return share;
  }
  return null;
}

/** Notes how a budget of requests stands; the one with the least left is told. `last`: this one is, in any case. */
export function noteRequests(allowance: Allowance, most: f64, left: f64, reset: f64, last: bool): void {
  if (!last && allowance.requests != 0 && allowance.requestsLeft <= left) return;
  allowance.requests = most;
  allowance.requestsLeft = left;
  allowance.requestsReset = reset;
}

/** Likewise of tokens. */
export function noteTokens(allowance: Allowance, most: f64, left: f64, reset: f64, last: bool): void {
  if (!last && allowance.tokens != 0 && allowance.tokensLeft <= left) return;
  allowance.tokens = most;
  allowance.tokensLeft = left;
  allowance.tokensReset = reset;
}
