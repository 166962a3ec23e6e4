// What is told of a request when it is over: assembly/sync/observations.ts takes it to the sidecar.

import {
  MAX_EXPLANATION, OBSERVATION_ANSWER_BYTES, OBSERVATION_CACHED, OBSERVATION_CACHED_KNOWN, OBSERVATION_CHUNKS,
  OBSERVATION_DURATION, OBSERVATION_ENDPOINT, OBSERVATION_FINISH, OBSERVATION_FLAGS, OBSERVATION_ITL,
  OBSERVATION_LOCAL, OBSERVATION_MODEL, OBSERVATION_OUTPUT, OBSERVATION_POOL, OBSERVATION_PRIORITY,
  OBSERVATION_PROMPT, OBSERVATION_QUEUED, OBSERVATION_REQUEST_BYTES, OBSERVATION_STATUS, OBSERVATION_STREAMED,
  OBSERVATION_TARGET, OBSERVATION_TTFT, TRACED_BYTES, TRACED_DECIDED, TRACED_DETAILS_LENGTH,
  TRACED_EXPLANATION_LENGTH, TRACED_ID, TRACED_OBJECTIVE, TRACED_PARENT, TRACED_PICKED, TRACED_STARTED, TRACED_WHOLE,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { Body, bodyModelAt, isKnown } from "../body/body.ts";
import { takeBlock } from "../memory/blocks.ts";
import { countMany, TRACES_DROPPED } from "../metrics.ts";
import { Renaming, targetAt } from "../policy/renaming.ts";
import { promptTokens, UsageScan, USAGE_CACHED } from "../response/usage.ts";
import { Root } from "../root.ts";
import { leaveRunning } from "../sync/running.ts";
import { Store } from "../sync/store.ts";
import { framePool } from "../wire/header.ts";
import { Request } from "./request.ts";
import { Traced } from "./traced.ts";

/** Keeps what of the request's body is told at its end, when the body is long forgotten. */
export function keepBody(request: Request): void {
  if (request.body == 0) return;
  const body = changetype<Body>(request.body);
  if (!isKnown(body)) return;
  request.streamed = body.stream;
  keepModel(request, body);
}

/** Keeps the name that the body's model has, unless one has been kept: the first is the client's. */
export function keepModel(request: Request, body: Body): void {
  if (body.modelHash == 0 || request.modelHash != 0) return;
  request.modelHash = body.modelHash;
  request.modelLength = body.modelLength;
  request.modelAt = takeBlock(max<u32>(body.modelLength, 1));
  memory.copy(request.modelAt, bodyModelAt(body), body.modelLength);
}

/** The request goes to an endpoint: from now on it counts as running, where it names a model. */
export function beginRunning(request: Request): void {
  const state = changetype<Root>(request.root).store;
  if (state === null || request.runningRow != 0 || request.modelHash == 0) return;
  const running = state.observations.running;
  const pool = poolOf(request, state);
  request.runningRow = running.enter(pool, request.modelHash, request.modelAt, request.modelLength);
}

/** It runs no more. */
export function endRunning(request: Request): void {
  if (request.runningRow == 0) return;
  leaveRunning(request.runningRow);
  request.runningRow = 0;
}

/** Tells what became of a request; once, at its end. */
export function observe(request: Request): void {
  if (request.startedAt == 0) return;
  const startedAt = request.startedAt;
  request.startedAt = 0;
  const state = changetype<Root>(request.root).store;
  if (state === null) return;
  const record = state.observations.add();
  if (record == 0) {
    if (request.traced != 0) countMany(TRACES_DROPPED, 1);
    return;
  }
  recordModels(record, request, state);
  store<u64>(record, poolOf(request, state), OBSERVATION_POOL);
  store<u64>(record, request.endpoint, OBSERVATION_ENDPOINT);
  store<u16>(record, u16(request.status), OBSERVATION_STATUS);
  store<u8>(record, flagsOf(request), OBSERVATION_FLAGS);
  store<u32>(record, span(startedAt, host.now()), OBSERVATION_DURATION);
  store<i32>(record, request.priority, OBSERVATION_PRIORITY);
  store<u32>(record, request.waitedFor, OBSERVATION_QUEUED);
  store<u32>(record, request.bytes, OBSERVATION_REQUEST_BYTES);
  store<u32>(record, request.answerBytes, OBSERVATION_ANSWER_BYTES);
  if (request.firstAt != 0) store<u32>(record, span(startedAt, request.firstAt), OBSERVATION_TTFT);
  if (request.usage != 0) recordUsage(record, request, changetype<UsageScan>(request.usage));
  if (request.traced != 0) recordTraced(request, changetype<Traced>(request.traced), startedAt, state);
}

// Behind the record, so that it is the last.
function recordTraced(request: Request, traced: Traced, startedAt: u64, state: Store): void {
  const explanation = request.trace == 0 || request.traceLength > u32(MAX_EXPLANATION) ? 0 : request.traceLength;
  const row = state.observations.addTraced(traced.detailsLength + explanation);
  if (row == 0) return;
  if (traced.decidedAt != 0) store<u32>(row, span(startedAt, traced.decidedAt), TRACED_DECIDED);
  store<u64>(row, traced.idHigh, TRACED_ID);
  store<u64>(row + 8, traced.idLow, TRACED_ID);
  store<u64>(row, traced.parent, TRACED_PARENT);
  store<u64>(row, traced.startedAt, TRACED_STARTED);
  store<u64>(row, traced.picked, TRACED_PICKED);
  store<u64>(row, request.objective, TRACED_OBJECTIVE);
  if (traced.wholeAt != 0) store<u32>(row, span(startedAt, traced.wholeAt), TRACED_WHOLE);
  store<u16>(row, u16(traced.detailsLength), TRACED_DETAILS_LENGTH);
  store<u16>(row, u16(explanation), TRACED_EXPLANATION_LENGTH);
  const texts = row + usize(TRACED_BYTES);
  memory.copy(texts, traced.details, traced.detailsLength);
  memory.copy(texts + traced.detailsLength, request.trace, explanation);
}

function flagsOf(request: Request): u8 {
  let flags = (request.streamed ? OBSERVATION_STREAMED : 0) | (request.local ? OBSERVATION_LOCAL : 0);
  if (request.usage != 0 && (changetype<UsageScan>(request.usage).seen & USAGE_CACHED) != 0) {
    flags |= OBSERVATION_CACHED_KNOWN;
  }
  return u8(flags);
}

// The name that the client gave, and the one that it was replaced by.
function recordModels(record: usize, request: Request, state: Store): void {
  const observations = state.observations;
  const model = observations.model(request.modelHash, request.modelAt, request.modelLength);
  let target = model;
  if (request.renaming != 0 && request.modelHash != 0) {
    const renaming = changetype<Renaming>(request.renaming);
    if (renaming.client != 0) target = observations.model(renaming.target, targetAt(renaming), renaming.targetLength);
  }
  store<u16>(record, model, OBSERVATION_MODEL);
  store<u16>(record, target, OBSERVATION_TARGET);
}

function recordUsage(record: usize, request: Request, usage: UsageScan): void {
  store<u8>(record, usage.finish, OBSERVATION_FINISH);
  store<u32>(record, usage.chunks, OBSERVATION_CHUNKS);
  if (usage.chunks > 1 && request.lastAt > request.firstAt) {
    store<u32>(record, span(request.firstAt, request.lastAt) / (usage.chunks - 1), OBSERVATION_ITL);
  }
  store<u32>(record, promptTokens(usage), OBSERVATION_PROMPT);
  store<u32>(record, usage.completion, OBSERVATION_OUTPUT);
  store<u32>(record, usage.cached, OBSERVATION_CACHED);
}

// Where the configuration leaves it open which pool it is, it is the only one.
function poolOf(request: Request, state: Store): u64 {
  if (request.pool != 0) return request.pool;
  const only = state.knownPool(0);
  return only === null ? 0 : framePool(only.roster);
}

// Microseconds between two times, at most what a field holds, and 1 at least: 0 says that there is no such time.
function span(from: u64, to: u64): u32 {
  return u32(min<u64>(max<u64>(to - from, 1), u64(u32.MAX_VALUE)));
}
