// What a decision and its outcome teach: which endpoint holds the prompt now, and how long it took.

import { Body, bodyBlocksAt } from "../body/body.ts";
import { observeTpot, observeTtft } from "../latency/model.ts";
import { forgetFrom, matched, recordPrefix } from "../prefix/index.ts";
import { completionTokens, promptTokens, UsageScan, USAGE_CACHED, USAGE_PROMPT } from "../response/usage.ts";
import { estimate, estimatedQueue, estimatedRunning } from "../state/estimate.ts";
import { Pool } from "../state/pool.ts";
import { Slot } from "../state/slots.ts";
import { noteHeld, noteLost, noteTpot, noteTtft } from "../sync/journal.ts";
import { SAMPLE_KV_USAGE } from "../../wire/layout.ts";
import { sampleRow } from "../wire/load.ts";
import { countAt, countPrefiller, Request } from "./request.ts";

/** Output tokens that an answer must have before its pace means anything. */
const PACE_TOKENS: u32 = 8;
/** An endpoint whose answers show less cached than expected is trusted with less, down to this. */
const LEAST_TRUST: f32 = 0.02;

/**
 * The request goes to the endpoint of a roster row: it counts there, and its prompt will be held there. `prefiller`:
 * the row of the endpoint that computes the prompt for it, -1 where it does so itself.
 */
export function departed(request: Request, pool: Pool, row: u32, prefiller: i32, now: u64): void {
  const slot = pool.slot(row);
  const sample = sampleRow(pool.load, row);
  estimate(slot, sample, pool.batchLimit);
  request.decidedAt = now;
  request.streamed = request.body != 0 && changetype<Body>(request.body).stream;
  request.ahead = slot.prefillAhead();
  request.waiting = estimatedQueue;
  request.running = estimatedRunning;
  request.usageThen = f64(load<f32>(sample, SAMPLE_KV_USAGE));
  request.tokensThen = slot.tokensInFlight();
  request.matched = matched(slot.number);
  request.prefill = prefiller < 0 ? uncachedTokens(request, request.matched) : 0;
  countAt(request, slot);
  request.firstNew = hold(request, slot);
  if (prefiller >= 0) prefilledBy(request, pool.slot(prefiller));
}

// The prompt is computed elsewhere: it counts there until the answer begins, and will be held there too. Whether that
// endpoint has done its part shows in no answer, so this is not taken back.
function prefilledBy(request: Request, slot: Slot): void {
  countPrefiller(request, slot, uncachedTokens(request, matched(slot.number)));
  hold(request, slot);
}

/** Prompt tokens that an endpoint has to compute which holds so many of the prompt's blocks. */
function uncachedTokens(request: Request, held: u32): u32 {
  const cached = held * request.blockTokens;
  return cached < request.promptTokens ? request.promptTokens - cached : 0;
}

// Records the prompt for an endpoint, here and for the other workers. Returns the first block that was news for it.
function hold(request: Request, slot: Slot): u32 {
  if (request.body == 0) return 0;
  const body = changetype<Body>(request.body);
  if (body.blocks == 0) return 0;
  const hashes = bodyBlocksAt(body);
  const news = recordPrefix(slot.number, hashes, body.blocks, 0);
  if (news < body.blocks) noteHeld(slot.key, hashes + (usize(news) << 3), body.blocks - news);
  return news;
}

// Takes back what hold has recorded for the picked endpoint: it never saw the prompt. What it held before stays, though
// a full index may have had to forget it for a moment while the prompt was recorded.
function unhold(request: Request, slot: Slot): void {
  if (request.body == 0) return;
  const body = changetype<Body>(request.body);
  const from = max(request.firstNew, request.matched);
  if (from >= body.blocks) return;
  const hashes = bodyBlocksAt(body);
  forgetFrom(slot.number, hashes, body.blocks, from);
  noteLost(slot.key, hashes + (usize(from) << 3), body.blocks - from);
}

// Another request with the same prompt may have taken back what hold has recorded. Whoever does so takes the last
// block.
function confirm(request: Request, slot: Slot): void {
  if (request.body == 0) return;
  const body = changetype<Body>(request.body);
  if (body.blocks == 0) return;
  const last = body.blocks - 1;
  if (recordPrefix(slot.number, bodyBlocksAt(body), body.blocks, last) == last) request.firstNew = hold(request, slot);
}

/**
 * An endpoint that this worker knows answers. `failed`: with an error, which comes at any speed and mostly without the
 * prompt having been computed, so nothing is learned from it.
 */
export function servedBy(request: Request, slot: Slot, failed: bool): void {
  const picked = request.slot;
  const stays = picked == changetype<usize>(slot);
  request.served = true;
  if (stays && !failed) {
    confirm(request, slot);
    return;
  }
  if (picked != 0) unhold(request, changetype<Slot>(picked));
  request.decidedAt = 0; // what was noted at the decision is true of another endpoint, or of none
  if (stays) return;
  countAt(request, slot);
  if (picked != 0 && !failed) request.firstNew = hold(request, slot);
}

/** No endpoint that this worker knows answers: the prompt has reached none of them. */
export function servedByNobody(request: Request): void {
  if (request.served || request.slot == 0) return;
  unhold(request, changetype<Slot>(request.slot));
}

/** The first event of an answer is here. */
export function firstToken(request: Request): void {
  // A first token for which another endpoint has worked says nothing of this one.
  if (request.slot == 0 || request.decidedAt == 0 || !request.streamed || request.apart) return;
  const slot = changetype<Slot>(request.slot);
  const uncached = f64(uncachedTokens(request, request.matched));
  const took = f64(request.firstAt - request.decidedAt) / 1000;
  observeTtft(slot.number, uncached, request.ahead, request.waiting, request.running, request.usageThen, took);
  noteTtft(slot.key, uncached, request.ahead, request.waiting, request.running, request.usageThen, took);
}

/** The answer is complete. */
export function finished(request: Request, usage: UsageScan): void {
  if (request.slot == 0 || request.decidedAt == 0) return;
  const slot = changetype<Slot>(request.slot);
  const tokens = completionTokens(usage);
  // An answer that is not streamed comes at the end, in as many pieces as the network likes.
  const streamed = request.streamed && request.firstAt != 0;
  if (streamed && request.lastAt > request.firstAt && tokens >= PACE_TOKENS) {
    const pace = f64(request.lastAt - request.firstAt) / 1000 / f64(tokens - 1);
    observeTpot(slot.number, request.running, request.usageThen, request.tokensThen, pace);
    noteTpot(slot.key, request.running, request.usageThen, request.tokensThen, pace);
  }
  if ((usage.seen & USAGE_CACHED) != 0 && (usage.seen & USAGE_PROMPT) != 0) correct(request, slot, usage);
}

// The engine says how much of the prompt it had cached. Less than was expected means that it forgets sooner than its
// capacity says, so the index has to forget sooner too; as expected, and the capacity recovers. Tokens are estimated
// from bytes here and counted there, so the expectation is put into the engine's tokens first.
function correct(request: Request, slot: Slot, usage: UsageScan): void {
  if (request.matched == 0 || request.promptTokens == 0) return;
  const blocks = f64(request.matched) * f64(request.blockTokens);
  const expected = (blocks / f64(request.promptTokens)) * f64(promptTokens(usage));
  const missing = expected - f64(usage.cached);
  if (missing > max(0.1 * expected, 2 * f64(request.blockTokens))) {
    slot.trust = max<f32>(slot.trust * 0.9, LEAST_TRUST);
  } else {
    slot.trust = min<f32>(slot.trust * 1.02, 1);
  }
}
