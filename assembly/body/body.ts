// Reads a request's body while it streams by, without a copy of it, in constant memory but for the hashes, whatever way
// it is cut into pieces. Of a form it finds the model (form.ts); of a JSON object the fields that matter, and it hashes
// the prompt in blocks.
//
// Two chains of blocks are hashed while the body passes: the head (`tools`, `system`, `instructions`) and the main
// chain (`messages`, `prompt`, `input`, `text`). What goes into them, in document order:
//
//     a string's value   its bytes as they stand between the quotes, then a zero byte
//     media              the xxh64 of those bytes, 8 bytes, then a zero byte: the strings at `data`, `file_data` and
//                        `image_url`, and `url` of an object at `image_url`, `input_audio`, `video_url` or `file`
//     a number           within nothing but arrays of `prompt` and `input` (a token id) its integer part, 4 bytes;
//                        elsewhere its text, then a zero byte
//     true, false, null  a byte 1, 2, 3
//
// Keys, objects and arrays leave no trace. A key of the body that comes again goes on with its chain; of other fields
// the last counts. A field of another type than its API allows counts as absent.

import { Slab } from "../memory/slab.ts";
import { dropTail, endOfChain, growChain, releaseChain, startChain } from "./chain.ts";
import { finalFormStatus, readForm, startForm } from "./form.ts";
import { closeWithoutModel, forgetModelValues } from "./model-values.ts";
import { finalStatus, parse } from "./parse.ts";
import { NOTHING } from "./states.ts";
import {
  BODY_BROKEN,
  BODY_BYTES,
  BODY_EMPTY,
  BODY_FORM,
  BODY_JSON,
  BODY_NOT_JSON,
  BODY_OPEN,
  Body,
  bodyModelAt,
  BOUNDARY_MAX,
  forgetResults,
  headOf,
  mainOf,
} from "./record.ts";

export {
  BODY_BROKEN, BODY_EMPTY, BODY_FORM, BODY_JSON, BODY_NOT_JSON, BODY_OPEN, Body, bodyModelAt, BOUNDARY_MAX,
};

const slab = new Slab(BODY_BYTES);

/**
 * The reader of a new body. Null when a million stand.
 * @param blockBytes bytes of a prompt block, 1 to 4096.
 * @param maxBlocks blocks that are hashed, 0 to 4096.
 */
export function takeBody(blockBytes: u32, maxBlocks: u32): Body | null {
  const at = slab.take();
  if (at == 0) return null;
  const body = changetype<Body>(at);
  body.status = BODY_OPEN;
  body.maxBlocks = maxBlocks;
  startChain(headOf(body), blockBytes, maxBlocks);
  startChain(mainOf(body), blockBytes, maxBlocks);
  return body;
}

/** The reader of a new form. Null when a million bodies stand. `length`: bytes of the boundary, 1 to BOUNDARY_MAX. */
export function takeForm(boundary: usize, length: u32): Body | null {
  const body = takeBody(1, 0);
  if (body !== null) startForm(body, boundary, length);
  return body;
}

/** Whether the body is read as a form. */
@inline
export function isForm(body: Body): bool {
  return body.delimiterLength != 0;
}

/** Whether the body, which is complete, is one of which something is known. */
export function isKnown(body: Body): bool {
  return body.status == BODY_JSON || body.status == BODY_FORM;
}

/** Reads the body's next bytes, any number of them, each once. Where models lie among them: model-values.ts. */
export function feedBody(body: Body, at: usize, length: u32): void {
  forgetModelValues();
  if (length == 0) return;
  body.seen = true;
  body.offset = body.fed - at;
  body.fed += length;
  if (body.status != BODY_OPEN) return;
  const end = at + length;
  if (isForm(body)) {
    readForm(body, at, end);
    return;
  }
  const before = body.state;
  parse(body, at, end);
  if (body.state == NOTHING && before != NOTHING && body.modelHash == 0) closeWithoutModel(body, end);
}

/**
 * The model has been replaced by another: what is found goes by that one. To be called before endBody.
 * @param length 1 to MODEL_BYTES.
 */
export function replaceModel(body: Body, hash: u64, at: usize, length: u32): void {
  body.modelHash = hash;
  body.modelLength = length;
  memory.copy(bodyModelAt(body), at, length);
}

/**
 * The body is whole: sets its status and, where that is BODY_JSON or BODY_FORM, what was found. The final hashes are
 * those of the head, then those of the main chain, all mixed with model and salt, the main chain's also with the whole
 * head; so they do not depend on the order in which the body has these.
 */
export function endBody(body: Body): void {
  if (!body.seen) body.status = BODY_EMPTY;
  else body.status = isForm(body) ? finalFormStatus(body) : finalStatus(body);
  if (body.status == BODY_JSON) {
    if (body.maxTokens == 0) body.maxTokens = body.maxOutputTokens;
    if (body.maxCompletionTokens != 0) body.maxTokens = body.maxCompletionTokens;
    joinChains(body);
  } else if (body.status != BODY_FORM) {
    forgetResults(body);
  }
  dropTail(headOf(body));
  dropTail(mainOf(body));
}

/** Gives the reader and all its memory back. */
export function releaseBody(body: Body): void {
  releaseChain(headOf(body));
  releaseChain(mainOf(body));
  slab.give(changetype<usize>(body));
}

/** Address of the final hashes, `blocks` of u64, valid until releaseBody; may be 0 where there are none. */
export function bodyBlocksAt(body: Body): usize {
  return body.list;
}

function joinChains(body: Body): void {
  const head = headOf(body);
  const main = mainOf(body);
  const seed = mix(body.modelHash, body.saltHash);
  const mainSeed = seed ^ endOfChain(head);
  const headBlocks = head.blocks;
  const mainBlocks = min<u32>(main.blocks, body.maxBlocks - headBlocks);
  mixAll(head.list, headBlocks, seed);
  mixAll(main.list, mainBlocks, mainSeed);
  body.blocks = headBlocks + mainBlocks;
  if (headBlocks == 0) {
    body.list = main.list;
    return;
  }
  growChain(head, body.blocks);
  memory.copy(head.list + (usize(headBlocks) << 3), main.list, usize(mainBlocks) << 3);
  body.list = head.list;
}

function mixAll(at: usize, count: u32, seed: u64): void {
  for (const end = at + (usize(count) << 3); at < end; at += 8) store<u64>(at, mix(load<u64>(at), seed));
}

// One hash of two, in which the order matters; the finalizer of MurmurHash3,
// https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
function mix(a: u64, b: u64): u64 {
  let h = a + rotl<u64>(b, 32) * 0x9e3779b97f4a7c15;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}
