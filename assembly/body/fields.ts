// Which keys mean something, and what belongs to a value.

import { spells } from "../text/text.ts";
import { Body, headOf, mainOf } from "./record.ts";

// Body.key. Of the body itself:
export const KEY_NONE: u8 = 0;
export const KEY_MODEL: u8 = 1;
/** cache_salt */
export const KEY_SALT: u8 = 2;
export const KEY_USER: u8 = 3;
export const KEY_STREAM: u8 = 4;
export const KEY_STREAM_OPTIONS: u8 = 5;
export const KEY_MAX_COMPLETION_TOKENS: u8 = 6;
export const KEY_MAX_TOKENS: u8 = 7;
export const KEY_MAX_OUTPUT_TOKENS: u8 = 8;
export const KEY_TOOLS: u8 = 9;
/** system, instructions */
export const KEY_SYSTEM: u8 = 10;
export const KEY_MESSAGES: u8 = 11;
/** prompt, input: in whose arrays numbers are token ids */
export const KEY_PROMPT: u8 = 12;
export const KEY_TEXT: u8 = 13;
// Of stream_options:
export const KEY_INCLUDE_USAGE: u8 = 14;
// Within a prompt:
export const KEY_URL: u8 = 15;
/** data, file_data */
export const KEY_DATA: u8 = 16;
export const KEY_IMAGE_URL: u8 = 17;
/** input_audio, video_url, file */
export const KEY_MEDIA: u8 = 18;

// Body.zone: what the value of the body's field at hand is to us.
export const ZONE_NONE: u8 = 0;
/** A string, number or literal that `key` names. */
export const ZONE_FIELD: u8 = 1;
export const ZONE_OPTIONS: u8 = 2;
// From here on prompts.
export const ZONE_HEAD: u8 = 3;
export const ZONE_MAIN: u8 = 4;
/** As ZONE_MAIN, and numbers in nothing but arrays are token ids. */
export const ZONE_TOKENS: u8 = 5;

const OBJECT: u32 = 0x7b;
const ARRAY: u32 = 0x5b;
const STRING: u32 = 0x22;

/** Whether keys at this place can mean something. */
export function readsKeys(body: Body): bool {
  return body.depth == 1 || body.zone >= ZONE_OPTIONS;
}

/** The code of a decoded key; KEY_NONE where it means nothing at its place. */
export function keyOf(at: usize, length: u32, zone: u8, depth: u32): u8 {
  if (depth == 1) return fieldOf(at, length);
  if (zone >= ZONE_HEAD) return partOf(at, length);
  return depth == 2 && spells(at, length, "include_usage") ? KEY_INCLUDE_USAGE : KEY_NONE;
}

function fieldOf(at: usize, length: u32): u8 {
  switch (length) {
    case 4:
      if (spells(at, length, "user")) return KEY_USER;
      return spells(at, length, "text") ? KEY_TEXT : KEY_NONE;
    case 5:
      if (spells(at, length, "model")) return KEY_MODEL;
      if (spells(at, length, "tools")) return KEY_TOOLS;
      return spells(at, length, "input") ? KEY_PROMPT : KEY_NONE;
    case 6:
      if (spells(at, length, "stream")) return KEY_STREAM;
      if (spells(at, length, "prompt")) return KEY_PROMPT;
      return spells(at, length, "system") ? KEY_SYSTEM : KEY_NONE;
    case 8:
      return spells(at, length, "messages") ? KEY_MESSAGES : KEY_NONE;
    case 10:
      if (spells(at, length, "max_tokens")) return KEY_MAX_TOKENS;
      return spells(at, length, "cache_salt") ? KEY_SALT : KEY_NONE;
    case 12:
      return spells(at, length, "instructions") ? KEY_SYSTEM : KEY_NONE;
    case 14:
      return spells(at, length, "stream_options") ? KEY_STREAM_OPTIONS : KEY_NONE;
    case 17:
      return spells(at, length, "max_output_tokens") ? KEY_MAX_OUTPUT_TOKENS : KEY_NONE;
    case 21:
      return spells(at, length, "max_completion_tokens") ? KEY_MAX_COMPLETION_TOKENS : KEY_NONE;
    default:
      return KEY_NONE;
  }
}

function partOf(at: usize, length: u32): u8 {
  switch (length) {
    case 3:
      return spells(at, length, "url") ? KEY_URL : KEY_NONE;
    case 4:
      if (spells(at, length, "data")) return KEY_DATA;
      return spells(at, length, "file") ? KEY_MEDIA : KEY_NONE;
    case 9:
      if (spells(at, length, "image_url")) return KEY_IMAGE_URL;
      if (spells(at, length, "file_data")) return KEY_DATA;
      return spells(at, length, "video_url") ? KEY_MEDIA : KEY_NONE;
    case 11:
      return spells(at, length, "input_audio") ? KEY_MEDIA : KEY_NONE;
    default:
      return KEY_NONE;
  }
}

/**
 * The value of one of the body's own fields begins with byte `c`: forgets what an earlier field of that name said, and
 * tells whose bytes follow. A value of the wrong type is as good as none.
 */
export function startField(body: Body, c: u32): void {
  body.hasMembers = true;
  body.zone = zoneOf(body, c);
}

function zoneOf(body: Body, c: u32): u8 {
  const isText = c == STRING;
  const isNested = c == OBJECT || c == ARRAY;
  switch (body.key) {
    case KEY_MODEL:
      body.modelHash = 0;
      body.modelLength = 0;
      return isText ? ZONE_FIELD : ZONE_NONE;
    case KEY_SALT:
      body.saltHash = 0;
      return isText ? ZONE_FIELD : ZONE_NONE;
    case KEY_USER:
      body.userHash = 0;
      return isText ? ZONE_FIELD : ZONE_NONE;
    case KEY_STREAM:
      body.stream = false;
      return isText || isNested ? ZONE_NONE : ZONE_FIELD;
    case KEY_MAX_COMPLETION_TOKENS:
      body.maxCompletionTokens = 0;
      return isText || isNested ? ZONE_NONE : ZONE_FIELD;
    case KEY_MAX_TOKENS:
      body.maxTokens = 0;
      return isText || isNested ? ZONE_NONE : ZONE_FIELD;
    case KEY_MAX_OUTPUT_TOKENS:
      body.maxOutputTokens = 0;
      return isText || isNested ? ZONE_NONE : ZONE_FIELD;
    case KEY_STREAM_OPTIONS:
      body.includeUsage = false;
      return c == OBJECT ? ZONE_OPTIONS : ZONE_NONE;
    case KEY_TOOLS:
      return c == ARRAY ? ZONE_HEAD : ZONE_NONE;
    case KEY_SYSTEM:
      return isText || c == ARRAY ? ZONE_HEAD : ZONE_NONE;
    case KEY_MESSAGES:
      return c == ARRAY ? startMain(body, ZONE_MAIN) : ZONE_NONE;
    case KEY_TEXT:
      return isText || c == ARRAY ? startMain(body, ZONE_MAIN) : ZONE_NONE;
    case KEY_PROMPT:
      return isText || c == ARRAY ? startMain(body, ZONE_TOKENS) : ZONE_NONE;
    default:
      return ZONE_NONE;
  }
}

// The head's blocks come first in the final list: what they take, the main chain need not hash.
function startMain(body: Body, zone: u8): u8 {
  mainOf(body).limit = body.maxBlocks - headOf(body).blocks;
  return zone;
}

/** A number of one of the body's own fields. */
export function setNumber(body: Body, value: u32): void {
  if (body.key == KEY_MAX_COMPLETION_TOKENS) body.maxCompletionTokens = value;
  else if (body.key == KEY_MAX_TOKENS) body.maxTokens = value;
  else if (body.key == KEY_MAX_OUTPUT_TOKENS) body.maxOutputTokens = value;
}

/** A `true` of one of the body's own fields or of stream_options. */
export function setTrue(body: Body): void {
  if (body.key == KEY_STREAM) body.stream = true;
  else if (body.key == KEY_INCLUDE_USAGE) body.includeUsage = true;
}
