// Where the bytes of the string or number at hand go.

import { endHash, feedHash, startHash } from "../hash/xxh64-stream.ts";
import { Chain, feedByte, feedChain, feedWord } from "./chain.ts";
import { KEY_MODEL, KEY_SALT, keyOf, ZONE_HEAD } from "./fields.ts";
import { closeModelValue, openModelValue } from "./model-values.ts";
import { Body, bodyModelAt, hashOf, headOf, KEY_BYTES, keyAt, mainOf, MODEL_BYTES } from "./record.ts";

/** Nowhere: they are only checked. */
export const SINK_NONE: u8 = 0;
/** Into the zone's chain, as they stand. */
export const SINK_CHAIN: u8 = 1;
/** As they stand into a hash, which goes into the zone's chain. */
export const SINK_MEDIA: u8 = 2;
/** A number's value, four bytes, into the zone's chain. */
export const SINK_TOKEN: u8 = 3;
/** A number's value, to the field that `key` names. */
export const SINK_NUMBER: u8 = 4;
// What follows wants strings decoded.
/** Into the hash of the field that `key` names. */
export const SINK_TEXT: u8 = 5;
/** Into the key at hand. */
export const SINK_KEY: u8 = 6;

const scratch: usize = memory.data(8, 8);

/** Makes the sink ready for a new string. */
export function openSink(body: Body, sink: u8): void {
  body.sink = sink;
  if (sink == SINK_MEDIA || sink == SINK_TEXT) startHash(hashOf(body));
  if (sink == SINK_TEXT && body.key == KEY_MODEL) {
    body.modelLength = 0;
    openModelValue(body);
  }
  if (sink == SINK_KEY) body.keyLength = 0;
}

/** The next bytes: raw, or decoded where the sink wants that. */
export function sinkBytes(body: Body, at: usize, length: u32): void {
  switch (body.sink) {
    case SINK_CHAIN:
      body.promptBytes += length;
      feedChain(chainOf(body), at, length);
      break;
    case SINK_MEDIA:
      feedHash(hashOf(body), at, length);
      break;
    case SINK_TEXT:
      feedHash(hashOf(body), at, length);
      if (body.key == KEY_MODEL) keepModel(body, at, length);
      break;
    case SINK_KEY: {
      const before: u32 = body.keyLength;
      if (before + length <= KEY_BYTES) memory.copy(keyAt(body) + before, at, length);
      body.keyLength = u8(min<u32>(before + length, KEY_BYTES + 1));
      break;
    }
  }
}

/** A key that lies whole at `at`: what sinkBytes and closeString do, without a copy. */
export function sinkKey(body: Body, at: usize, length: u32): void {
  body.key = keyOf(at, length, body.zone, body.depth);
  body.sink = SINK_NONE;
}

/** The string is over. */
export function closeString(body: Body): void {
  switch (body.sink) {
    case SINK_CHAIN:
      feedByte(chainOf(body), 0);
      break;
    case SINK_MEDIA:
      body.images++;
      body.promptBytes += 8;
      store<u64>(scratch, endHash(hashOf(body)));
      feedChain(chainOf(body), scratch, 8);
      feedByte(chainOf(body), 0);
      break;
    case SINK_TEXT:
      setText(body, endHash(hashOf(body)));
      break;
    case SINK_KEY:
      body.key = keyOf(keyAt(body), body.keyLength, body.zone, body.depth);
      break;
  }
}

/** A token id: four bytes, little-endian. */
export function sinkToken(body: Body, token: u32): void {
  body.promptBytes += 4;
  feedWord(mainOf(body), token);
}

/** true (1), false (2) or null (3) within a prompt. */
export function sinkLiteral(body: Body, literal: u8): void {
  body.promptBytes++;
  feedByte(chainOf(body), literal);
}

/** Ends a number that went into the chain as text. */
export function closeNumberText(body: Body): void {
  feedByte(chainOf(body), 0);
}

function chainOf(body: Body): Chain {
  return body.zone == ZONE_HEAD ? headOf(body) : mainOf(body);
}

function setText(body: Body, hash: u64): void {
  if (body.key == KEY_MODEL) {
    closeModelValue(body, hash);
    body.modelHash = hash;
    if (body.modelLength > MODEL_BYTES) body.modelLength = wholeCharacters(bodyModelAt(body));
  } else if (body.key == KEY_SALT) {
    body.saltHash = hash;
  } else {
    body.userHash = hash;
  }
}

// One byte more than is kept, for wholeCharacters.
function keepModel(body: Body, at: usize, length: u32): void {
  const kept = body.modelLength;
  const part = min<u32>(length, MODEL_BYTES + 1 - kept);
  memory.copy(bodyModelAt(body) + kept, at, part);
  body.modelLength = kept + part;
}

// How many of the first MODEL_BYTES bytes to keep so that no character is cut.
function wholeCharacters(at: usize): u32 {
  let length = MODEL_BYTES;
  while (length > 0 && (load<u8>(at + length) & 0xc0) == 0x80) length--;
  return length;
}
