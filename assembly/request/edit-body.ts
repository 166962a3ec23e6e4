// Replaces the model in a request's body while that passes. A host can change a piece only at its front, so what
// precedes the model in its piece is written again with it; what precedes the piece has gone.

import * as host from "../abi/host.ts";
import { BUFFER_REQUEST_BODY } from "../abi/values.ts";
import { Body, isForm } from "../body/body.ts";
import {
  inModelValue, modelValueFrom, modelValueHash, modelValues, modelValueTo, openModelValueFrom,
} from "../body/model-values.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { resetArena } from "../memory/arena.ts";
import { isLine, JSON_MAX, Renaming, setClient, setTarget, targetAt, targetJsonAt } from "../policy/renaming.ts";
import { stickyBits, targetFor } from "../policy/rewrite.ts";
import { randomBits } from "../schedule/random.ts";
import { text } from "../text/text.ts";
import { targetKey, targetModelAt, targetModelLength } from "../wire/policy.ts";
import { knowsModel } from "./api.ts";
import { Request } from "./request.ts";

/**
 * The most that is held back of a model's value: no model has a name like that, and a client may not fill the memory.
 */
const KEPT_MAX: u32 = 65536;
/** Held bodies in which the model comes later than this keep it: what precedes it takes memory twice. */
const FRONT_MAX: u32 = 33554432;
/** What stands around a name that is put where there is none. */
const MEMBER = text("\"model\":\"");
const INSERTED_MAX: usize = 11;

// What the host has of the edited bytes.
let buffer: usize = 0;

/**
 * Replaces the models that ended in the bytes fed last, which lie in the host's buffer before `to`, and puts one where
 * there is none but has to be. Returns by how much the buffer has grown.
 * @param policy address of the pool's POLICY frame; 0: none.
 */
export function editModels(request: Request, body: Body, policy: usize, to: u32): i32 {
  const renaming = changetype<Renaming>(request.renaming);
  const first: u32 = renaming.passing && modelValues > 0 ? 1 : 0;
  if (first == 1) renaming.passing = false;
  const kept = renaming.keptLength;
  if (first == modelValues) {
    if (kept == 0 || inModelValue(body)) return 0;
    return putBack(renaming); // the body is malformed within the value
  }
  const base = u32(body.fed) - to; // of places in the body, where the buffer begins
  // A form's value is over only behind its delimiter: it may have been held back as a whole.
  const front = u32(max<i32>(i32(modelValueTo(modelValues - 1) - base), 0));
  if (front > FRONT_MAX) return 0;
  resetArena();
  buffer = 0;
  if (front != 0) {
    if (!host.getBuffer(BUFFER_REQUEST_BODY, 0, front) || host.resultLength != front) return 0;
    buffer = host.resultAt;
  }
  const capacity = usize(kept) + front + (modelValues - first) * u32(JSON_MAX + INSERTED_MAX);
  const block = takeBlock(capacity);
  let written = block;
  let done = base - kept;
  let changed = kept != 0;
  for (let i = first; i < modelValues; i++) {
    const end = modelValueTo(i);
    written = copyOut(renaming, base, written, done, modelValueFrom(i));
    const raw = written;
    written = copyOut(renaming, base, written, modelValueFrom(i), end);
    done = end;
    if (!choose(request, renaming, policy, modelValueHash(i), body)) continue;
    if (modelValueHash(i) != 0) {
      setClient(renaming, modelValueHash(i), raw, u32(written - raw), !isForm(body));
      written = putModel(renaming, raw, body);
    } else {
      renaming.inserted = true;
      written = putMember(renaming, raw, body);
    }
    changed = true;
  }
  written = copyOut(renaming, base, written, done, base + front);
  dropKept(renaming);
  if (changed) host.replaceFront(BUFFER_REQUEST_BODY, front, block, u32(written - block));
  giveBlock(block, capacity);
  return changed ? i32(written - block) - i32(front) : 0;
}

// Copies what stands between two places of the body, of which those before `base` were held back. Returns the address
// behind the copy.
function copyOut(renaming: Renaming, base: u32, to: usize, from: u32, end: u32): usize {
  // Places before the body's first byte, as after an edit, are large numbers: only differences tell.
  const before = i32(base - from);
  const length = end - from;
  const held = u32(min<i32>(max<i32>(before, 0), i32(length)));
  // A copy of nothing traps at an address that is none.
  if (held != 0) memory.copy(to, renaming.kept + renaming.keptLength - before, held);
  if (held != length) memory.copy(to + held, buffer + (from + held - base), length - held);
  return to + length;
}

// Writes the target's name as a value. Returns the address behind it.
function putModel(renaming: Renaming, to: usize, body: Body): usize {
  const form = isForm(body);
  const length = form ? renaming.targetLength : renaming.targetJsonLength;
  memory.copy(to, form ? targetAt(renaming) : targetJsonAt(renaming), length);
  return to + length;
}

// Writes a member of the body's object, the last one: of several of a name servers take that. Returns the address
// behind it.
function putMember(renaming: Renaming, to: usize, body: Body): usize {
  if (body.hasMembers) store<u8>(to++, 0x2c);
  memory.copy(to, MEMBER.at, MEMBER.length);
  to = putModel(renaming, to + MEMBER.length, body);
  store<u8>(to, 0x22);
  return to + 1;
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

// Whether a model is replaced, or, for 0, put where there is none. The first that is decides for all of the request: a
// server may read any of several.
function choose(request: Request, renaming: Renaming, policy: usize, model: u64, body: Body): bool {
  if (renaming.target == 0) {
    // What a rule for all models says of servers that know no model, no rule has been made for.
    if (model == 0 && !knowsModel(request.api)) return false;
    const bits = request.fairness != 0 ? stickyBits(request.fairness, model) : randomBits();
    const target = targetFor(policy, model, bits);
    if (target == 0) return false;
    setTarget(renaming, targetKey(target), targetModelAt(policy, target), targetModelLength(target));
  }
  return !isForm(body) || isLine(renaming);
}
