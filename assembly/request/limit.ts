// Rate limits: what a request takes from its client's budgets when its body is complete, and what of it is given back
// or taken on top when it is over.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { BODY_JSON, Body } from "../body/body.ts";
import { xxh64 } from "../hash/xxh64.ts";
import {
  Allowance, noteRequests, noteTokens, releaseAllowance, Share, shareAt, shareOf, takeAllowance,
} from "../limits/allowance.ts";
import { requestDebt, tokenDebt, wait, waitsForTokens } from "../limits/budgets.ts";
import { count, RATE_LIMITED } from "../metrics.ts";
import { BYTES_PER_TOKEN } from "../prefix/settings.ts";
import { completionTokens, promptTokens, UsageScan } from "../response/usage.ts";
import { Root } from "../root.ts";
import { Spending } from "../sync/spending.ts";
import { Line } from "../text/line.ts";
import { text } from "../text/text.ts";
import { framePool } from "../wire/header.ts";
import {
  limitBurst, limitHeaderAt, limitHeaderLength, limitHoldsFor, limitKey, limitNameAt, limitNameLength, limitPer,
  limitPerModel, limitRequests, limitRow, limitTokens, planLimits,
} from "../wire/limits.ts";
import { addSpan } from "./limit-headers.ts";
import { clientModel } from "./model.ts";
import { refuse } from "./refuse.ts";
import { Request } from "./request.ts";

const DETAILS_RATE_LIMITED = text("inline_epp_rate_limited");
const REJECTED_RATE_LIMITED = text("rejected-rate-limited");
const SECOND: f64 = 1_000_000;
const why = new Line();
const identity: usize = memory.data(32, 8); // what a budget's key is made of: u64 pool, limit, model, client

/** Keeps which client this is to each limit of the plan, while its headers can be read. */
export function keepClients(request: Request, plan: usize): void {
  const limits = planLimits(plan);
  if (limits == 0) return;
  const allowance = takeAllowance(limits);
  request.allowance = changetype<usize>(allowance);
  for (let i: u32 = 0; i < limits; i++) {
    const row = limitRow(plan, i);
    const share = shareAt(allowance, i);
    share.limit = limitKey(row);
    const length = limitHeaderLength(row);
    if (length == 0) continue;
    const name = limitHeaderAt(plan, row);
    const same = sameHeader(plan, i, name, length);
    if (same < i) share.client = shareAt(allowance, same).client;
    else if (host.getHeader(MAP_REQUEST_HEADERS, name, length)) share.client = xxh64(host.resultAt, host.resultLength);
  }
}

// The first limit that goes by the header whose name stands here: the host is asked for each header once, which takes
// it some 3 us. A plan has equal names once. `index`: a limit that goes by it.
function sameHeader(plan: usize, index: u32, name: usize, length: u32): u32 {
  for (let i: u32 = 0; i < index; i++) {
    const row = limitRow(plan, i);
    if (limitHeaderAt(plan, row) == name && limitHeaderLength(row) == length) return i;
  }
  return index;
}

/** Takes what the request costs from all its budgets. False: one has too little, and it has been answered 429. */
export function withinLimits(root: Root, request: Request): bool {
  if (request.allowance == 0) return true;
  const pool = root.knownPool(request.pool);
  const state = root.store;
  if (pool === null || state === null) return true;
  const plan = pool.plan;
  const limits = planLimits(plan);
  const allowance = changetype<Allowance>(request.allowance);
  const model = clientModel(request);
  const tokens = max<f64>(f64(estimatedPrompt(request)), 1);
  const now = f64(host.now());
  for (let i: u32 = 0; i < limits; i++) {
    const row = limitRow(plan, i);
    const share = shareOf(allowance, limitKey(row));
    if (share === null || !limitHoldsFor(plan, row, model)) continue;
    const key = budgetKey(framePool(plan), share, limitPerModel(row) ? model : 0);
    if (take(state.spending, allowance, share, row, key, tokens, now)) continue;
    giveBack(allowance, state.spending, now);
    request.decided = true;
    count(RATE_LIMITED);
    why.clear().add("rate limit \"").bytes(limitNameAt(plan, row), limitNameLength(row)).add("\" reached: at most ")
      .number(u64(waitsForTokens ? limitTokens(row) : limitRequests(row)))
      .add(waitsForTokens ? " tokens per " : " requests per ");
    addSpan(addSpan(why, limitPer(row)).add(", try again in "), wait);
    const seconds = u32(min<f64>(Math.ceil(wait / SECOND), 4e9));
    return refuse(request, 429, DETAILS_RATE_LIMITED, why, REJECTED_RATE_LIMITED, max<u32>(seconds, 1));
  }
  return true;
}

// Takes from one limit's budgets, and notes how they stand. False: they have too little.
function take(
  spending: Spending, allowance: Allowance, share: Share, row: usize, key: u64, tokens: f64, now: f64,
): bool {
  const per = limitPer(row);
  const burst = limitBurst(row);
  const requestCost = limitRequests(row) > 0 ? per / limitRequests(row) : 0;
  const tokenCost = limitTokens(row) > 0 ? per / limitTokens(row) : 0;
  spending.budgets.spend(key, requestCost, tokens * tokenCost, burst, now);
  // One who is refused asks, too: others may have given back.
  spending.note(key);
  const refused = wait > 0;
  if (requestCost > 0) {
    noteRequests(allowance, limitRequests(row), left(burst, requestDebt, requestCost), requestDebt, refused);
  }
  if (tokenCost > 0) noteTokens(allowance, limitTokens(row), left(burst, tokenDebt, tokenCost), tokenDebt, refused);
  if (refused) return false;
  share.budget = key;
  share.requestCost = requestCost;
  share.tokenCost = tokenCost;
  share.tokens = tokens;
  return true;
}

// What is left of a budget; a little more than it has, for what arithmetic has taken off.
@inline
function left(burst: f64, debt: f64, cost: f64): f64 {
  return Math.floor(max<f64>(burst - debt, 0) / cost + 1e-6);
}

/** The request is over: what it has not used is given back, and what it has used on top is taken. Once. */
export function settleLimits(request: Request): void {
  if (request.allowance == 0) return;
  const allowance = changetype<Allowance>(request.allowance);
  request.allowance = 0;
  const state = changetype<Root>(request.root).store;
  if (state !== null) {
    const now = f64(host.now());
    if (!isServed(request)) giveBack(allowance, state.spending, now);
    else correct(request, allowance, state.spending, now);
  }
  releaseAllowance(allowance);
}

// A model server has worked on it, as far as one can tell; its own failure costs the client nothing.
function isServed(request: Request): bool {
  if (request.status == 0) return request.picks != 0;
  return request.endpoint != 0 && request.status < 500;
}

function correct(request: Request, allowance: Allowance, spending: Spending, now: f64): void {
  let used: f64 = -1; // as estimated
  if (request.status >= 400) {
    used = 0;
  } else if (request.usage != 0) {
    const usage = changetype<UsageScan>(request.usage);
    const prompt = promptTokens(usage);
    used = f64(completionTokens(usage)) + (prompt != 0 ? f64(prompt) : estimate(allowance));
  }
  if (used < 0) return;
  for (let i: u32 = 0; i < allowance.count; i++) {
    const share = shareAt(allowance, i);
    const more = (used - share.tokens) * share.tokenCost;
    if (share.budget == 0 || more == 0) continue;
    spending.budgets.correct(share.budget, 0, more, now);
    spending.note(share.budget);
  }
}

function giveBack(allowance: Allowance, spending: Spending, now: f64): void {
  for (let i: u32 = 0; i < allowance.count; i++) {
    const share = shareAt(allowance, i);
    if (share.budget == 0) continue;
    spending.budgets.correct(share.budget, -share.requestCost, -share.tokens * share.tokenCost, now);
    spending.note(share.budget);
    share.budget = 0;
  }
}

// Tokens that the request was taken to have; every limit has taken the same.
function estimate(allowance: Allowance): f64 {
  for (let i: u32 = 0; i < allowance.count; i++) {
    if (shareAt(allowance, i).budget != 0) return shareAt(allowance, i).tokens;
  }
  return 0;
}

function estimatedPrompt(request: Request): u32 {
  if (request.body == 0) return 0;
  const body = changetype<Body>(request.body);
  return body.status == BODY_JSON ? (body.promptBytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN : 0;
}

// Never 0, which would be an empty row.
function budgetKey(pool: u64, share: Share, model: u64): u64 {
  store<u64>(identity, pool);
  store<u64>(identity, share.limit, 8);
  store<u64>(identity, model, 16);
  store<u64>(identity, share.client, 24);
  return max<u64>(xxh64(identity, 32), 1);
}
