import { HASH_STREAM_BYTES, HashStream } from "../hash/xxh64-stream.ts";
import { Chain } from "./chain.ts";

/** The body is still coming. */
export const BODY_OPEN: u8 = 0;
/** A well-formed JSON object: but for BODY_FORM the only status with which the other results mean anything. */
export const BODY_JSON: u8 = 1;
/** Not JSON, or JSON but not an object. */
export const BODY_NOT_JSON: u8 = 2;
/** Began as a JSON object or a form but is malformed, cut short or nested too deep. */
export const BODY_BROKEN: u8 = 3;
/** Not a single byte. */
export const BODY_EMPTY: u8 = 4;
/** A form, whole: the other status with which results mean something; it has a model at most. */
export const BODY_FORM: u8 = 5;

/** How deep objects and arrays may stand in each other. */
export const MAX_DEPTH: u32 = 512;
/** Bytes of the model's name that are kept. */
export const MODEL_BYTES: u32 = 256;
/** Longest boundary of a form: RFC 2046, section 5.1.1. */
export const BOUNDARY_MAX: u32 = 70;
/** Room for a key, more than the longest of interest needs. */
export const KEY_BYTES: u32 = 24;

/** What is known of one request's body while and after it streams by. */
@unmanaged
@final
export class Body {
  /** The slab's link while the record is free. */
  link: u32;
  /** BODY_OPEN until it is known. */
  status: u8;

  /** Whether there has been a byte. */
  seen: bool;

  // What was found, from here to `blocks`: final after endBody, and zero where the status is neither BODY_JSON nor
  // BODY_FORM.
  stream: bool;
  /** `stream_options.include_usage`. */
  includeUsage: bool;
  /** xxh64 of the decoded model name; 0: absent. */
  modelHash: u64;
  /** xxh64 of the decoded `cache_salt`; 0: absent. */
  saltHash: u64;
  /** xxh64 of the decoded `user`; 0: absent. */
  userHash: u64;
  /** Bytes of the model's name that bodyModelAt has. */
  modelLength: u32;
  /** The first of these that is there: max_completion_tokens, max_tokens, max_output_tokens. 0: none. */
  maxTokens: u32;
  /** Bytes fed to the chains, without the zero bytes that end strings and numbers. */
  promptBytes: u32;
  /** Image, audio, video and file parts with their content or address. */
  images: u32;
  /** Full blocks hashed. */
  blocks: u32;

  /** Address of the final hashes. */
  list: usize;
  /** Bytes fed before the piece at hand, less the address where that begins: an address and this make a place. */
  offset: usize;
  /** Bytes fed. */
  fed: usize;
  /** Where the raw bytes of the body's last `model` that is a string begin and end: model-values.ts. */
  modelFrom: usize;
  modelTo: usize;
  /** Whether the body's object has a member. */
  hasMembers: bool;
  maxBlocks: u32;
  maxCompletionTokens: u32;
  maxOutputTokens: u32;

  // Where the reader stands: parse.ts.
  state: u8;
  /** What the value at hand belongs to: fields.ts. */
  zone: u8;
  /** The key of the value at hand: fields.ts. */
  key: u8;
  /** Who gets the bytes of the string or number at hand: sinks.ts. */
  sink: u8;
  /** Whether the string at hand is a key. */
  inKey: bool;
  /** Where in an escape: strings.ts. */
  escape: u8;
  /** Bytes of the key at hand; more than KEY_BYTES: too long to be of interest. */
  keyLength: u8;
  /** Which literal, and how much of it has been seen: parse.ts. */
  literal: u8;
  literalSeen: u8;
  /** Where in a number, and whether it is negative: numbers.ts. */
  number: u8;
  negative: bool;
  negativeExponent: bool;
  /** Code unit of a \u escape, as far as it has been read. */
  unit: u16;
  /** A high surrogate that waits for its low one; 0: none. */
  surrogate: u16;
  /** Objects and arrays around this place. */
  depth: u32;
  /** The objects among them. */
  objects: u32;
  /** The number at hand: its first significant digits, and by which power of ten they are off. */
  mantissa: u64;
  scale: i64;
  exponent: i64;

  // Where the reader of a form stands: form.ts, form-headers.ts.
  /** Bytes of the delimiter: a line end, two hyphens, the boundary. 0: the body is no form. */
  delimiterLength: u8;
  /** How many of them have come last. */
  matched: u8;
  /** How many bytes of the header's name spell content-disposition. */
  spelled: u8;
  parameter: u8;
  /** The first eight characters of the word at hand, the first one lowest, and how many it has. */
  word: u64;
  wordLength: u8;
  /** Whether the part at hand is the field `model`, and whether it is a file. */
  isModel: bool;
  isFile: bool;
}

// Behind the record, in this order: the chains, the hash of the string at hand, two bits for each level of depth, the
// key, the model's name with one more byte, which tells whether a cut falls between two characters, and the delimiter.
const HEAD: usize = (offsetof<Body>() + 7) & ~7;
const MAIN: usize = HEAD + offsetof<Chain>();
const HASH: usize = MAIN + offsetof<Chain>();
const LEVELS: usize = HASH + HASH_STREAM_BYTES;
const KEY: usize = LEVELS + MAX_DEPTH / 4;
const MODEL: usize = KEY + KEY_BYTES;
const DELIMITER: usize = MODEL + MODEL_BYTES + 8;
/** Bytes of a record with all that is behind it. */
export const BODY_BYTES: u32 = u32(DELIMITER) + BOUNDARY_MAX + 10;

/** The chain of tools and system prompts. */
@inline
export function headOf(body: Body): Chain {
  return changetype<Chain>(changetype<usize>(body) + HEAD);
}

/** The chain of messages and prompts. */
@inline
export function mainOf(body: Body): Chain {
  return changetype<Chain>(changetype<usize>(body) + MAIN);
}

/** The hash of the string at hand: there is only ever one. */
@inline
export function hashOf(body: Body): HashStream {
  return changetype<HashStream>(changetype<usize>(body) + HASH);
}

/** Two bits for each level of depth, sixteen levels in a 32-bit word. */
@inline
export function levelsAt(body: Body): usize {
  return changetype<usize>(body) + LEVELS;
}

/** The decoded key, `keyLength` bytes. */
@inline
export function keyAt(body: Body): usize {
  return changetype<usize>(body) + KEY;
}

/** The decoded model name in UTF-8, `modelLength` bytes. */
@inline
export function bodyModelAt(body: Body): usize {
  return changetype<usize>(body) + MODEL;
}

/** A form's delimiter, `delimiterLength` bytes. */
@inline
export function delimiterAt(body: Body): usize {
  return changetype<usize>(body) + DELIMITER;
}

/** Clears what was found. */
export function forgetResults(body: Body): void {
  const from = offsetof<Body>("stream");
  memory.fill(changetype<usize>(body) + from, 0, offsetof<Body>("list") - from);
}
