// Replaces the model in a request's body while that passes. A host can change a piece only at its front, so what
// precedes the model in its piece is written again with it; what precedes the piece has gone.

import * as host from "../abi/host.ts";
import { BUFFER_REQUEST_BODY } from "../abi/values.ts";
import { Body } from "../body/body.ts";
import {
  inModelValue, modelValueFrom, modelValueHash, modelValues, modelValueTo, openModelValueFrom,
} from "../body/model-values.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { resetArena } from "../memory/arena.ts";
import { JSON_MAX, Renaming, setClient, setTarget, targetJsonAt } from "../policy/renaming.ts";
import { stickyBits, targetFor } from "../policy/rewrite.ts";
import { randomBits } from "../schedule/random.ts";
import { targetKey, targetModelAt, targetModelLength } from "../wire/policy.ts";
import { Request } from "./request.ts";

/**
 * The most that is held back of a model's value: no model has a name like that, and a client may not fill the memory.
 */
const KEPT_MAX: u32 = 65536;
/** Held bodies in which the model comes later than this keep it: what precedes it takes memory twice. */
const FRONT_MAX: u32 = 33554432;

/**
 * Replaces the models that ended in the bytes fed last, which lie in the host's buffer before `to`. Returns by how much
 * the buffer has grown.
 * @param policy address of the pool's POLICY frame; 0: none.
 */
export function editModels(request: Request, body: Body, policy: usize, to: u32): i32 {
  const renaming = changetype<Renaming>(request.renaming);
  const first: u32 = renaming.passing && modelValues > 0 ? 1 : 0;
  if (first == 1) renaming.passing = false;
  if (first == modelValues) {
    if (renaming.keptLength == 0 || inModelValue(body)) return 0;
    return putBack(renaming); // the body is malformed within the value
  }
  const base = u32(body.fed) - to; // of places in the body, where the buffer begins
  const front = modelValueTo(modelValues - 1) - base;
  if (front > FRONT_MAX) return 0;
  resetArena();
  if (!host.getBuffer(BUFFER_REQUEST_BODY, 0, front) || host.resultLength != front) return 0;
  const from = host.resultAt;
  const kept = renaming.keptLength;
  const grown = kept + (modelValues - first) * u32(JSON_MAX);
  const block = takeBlock(usize(front) + grown);
  memory.copy(block, renaming.kept, kept);
  let written = kept;
  let done: u32 = 0;
  let changed = kept != 0;
  for (let i = first; i < modelValues; i++) {
    // What has been held back is the beginning of the first value, and of nothing else.
    const held = i == first ? kept : 0;
    const begin = held != 0 ? 0 : modelValueFrom(i) - base;
    const end = modelValueTo(i) - base;
    memory.copy(block + written, from + done, begin - done);
    written += begin - done;
    memory.copy(block + written, from + begin, end - begin);
    const raw = block + written - held;
    const rawLength = held + end - begin;
    done = end;
    written += end - begin;
    if (!choose(request, renaming, policy, modelValueHash(i))) continue;
    setClient(renaming, modelValueHash(i), raw, rawLength);
    written -= rawLength;
    memory.copy(raw, targetJsonAt(renaming), renaming.targetJsonLength);
    written += renaming.targetJsonLength;
    changed = true;
  }
  dropKept(renaming);
  if (changed) host.replaceFront(BUFFER_REQUEST_BODY, front, block, written);
  giveBlock(block, usize(front) + grown);
  return changed ? i32(written) - i32(front) : 0;
}

/**
 * The piece of `length` bytes has been read, and is not the body's last: where it ends within a model's value, takes
 * what there is of that off the piece, to be put before the next one.
 */
export function holdBack(request: Request, body: Body, length: u32): void {
  if (!inModelValue(body)) return;
  const renaming = changetype<Renaming>(request.renaming);
  if (renaming.passing) return;
  const kept = renaming.keptLength;
  const begin = kept != 0 ? 0 : openModelValueFrom(body) - (u32(body.fed) - length);
  const tail = length - begin;
  if (kept + tail > KEPT_MAX) {
    putBack(renaming);
    renaming.passing = true;
    return;
  }
  if (tail == 0) return;
  resetArena();
  if (!host.getBuffer(BUFFER_REQUEST_BODY, 0, length) || host.resultLength != length) return;
  const block = takeBlock(kept + tail);
  memory.copy(block, renaming.kept, kept);
  memory.copy(block + kept, host.resultAt + begin, tail);
  giveBlock(renaming.kept, kept);
  renaming.kept = block;
  renaming.keptLength = kept + tail;
  host.replaceFront(BUFFER_REQUEST_BODY, length, host.resultAt, begin);
}

/** The body ends here: what was held back goes with the last piece. */
export function letGo(request: Request): void {
  const renaming = changetype<Renaming>(request.renaming);
  if (renaming.keptLength != 0) putBack(renaming);
}

function putBack(renaming: Renaming): i32 {
  const length = renaming.keptLength;
  host.replaceFront(BUFFER_REQUEST_BODY, 0, renaming.kept, length);
  dropKept(renaming);
  return i32(length);
}

function dropKept(renaming: Renaming): void {
  giveBlock(renaming.kept, renaming.keptLength);
  renaming.kept = 0;
  renaming.keptLength = 0;
}

// Whether a model is replaced. The first that is decides for all of the request: a server may read any of several.
function choose(request: Request, renaming: Renaming, policy: usize, model: u64): bool {
  if (renaming.target != 0) return true;
  const bits = request.fairness != 0 ? stickyBits(request.fairness, model) : randomBits();
  const target = targetFor(policy, model, bits);
  if (target == 0) return false;
  setTarget(renaming, targetKey(target), targetModelAt(policy, target), targetModelLength(target));
  return true;
}
