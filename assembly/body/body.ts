// Reads a request's JSON body while it streams by: finds the fields that matter and hashes the prompt in blocks,
// without a copy of the body, in constant memory but for the hashes, whatever way the body is cut into pieces.
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
import { forgetModelValues } from "./model-values.ts";
import { finalStatus, parse } from "./parse.ts";
import {
  BODY_BROKEN,
  BODY_BYTES,
  BODY_EMPTY,
  BODY_JSON,
  BODY_NOT_JSON,
  BODY_OPEN,
  Body,
  bodyModelAt,
  forgetResults,
  headOf,
  mainOf,
} from "./record.ts";

export { BODY_BROKEN, BODY_EMPTY, BODY_JSON, BODY_NOT_JSON, BODY_OPEN, Body, bodyModelAt };

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

/** Reads the body's next bytes, any number of them, each once. Where models lie among them: model-values.ts. */
export function feedBody(body: Body, at: usize, length: u32): void {
  forgetModelValues();
  if (length == 0) return;
  body.seen = true;
  body.offset = body.fed - at;
  body.fed += length;
  if (body.status == BODY_OPEN) parse(body, at, at + length);
}

/**
 * The model has been replaced by another: what is found goes by that one. To be called before endBody.
 * @param length 1 to MODEL_BYTES.
 */
export function replaceModel(body: Body, hash: u64, at: usize, length: u32): void {
  if (body.modelHash == 0) return; // the last of several values was no string
  body.modelHash = hash;
  body.modelLength = length;
  memory.copy(bodyModelAt(body), at, length);
}

/**
 * The body is whole: sets its status and, where that is BODY_JSON, what was found. The final hashes are those of the
 * head, then those of the main chain, all mixed with model and salt, the main chain's also with the whole head; so they
 * do not depend on the order in which the body has these.
 */
export function endBody(body: Body): void {
  body.status = body.seen ? finalStatus(body) : BODY_EMPTY;
  if (body.status == BODY_JSON) {
    if (body.maxTokens == 0) body.maxTokens = body.maxOutputTokens;
    if (body.maxCompletionTokens != 0) body.maxTokens = body.maxCompletionTokens;
    joinChains(body);
  } else {
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
