// Finds the usage figures in the bytes of an answer, JSON or server-sent events, split anywhere: the numbers behind
//
//   "prompt_tokens"  "completion_tokens"  "cached_tokens"                OpenAI
//   "input_tokens"   "output_tokens"      "cache_read_input_tokens"      Anthropic; the first two OpenAI's Responses
//
// at any depth; of a name that comes more than once the last number wins, as the streams repeat their totals. Likewise
// the reason why the answer ended, the string behind
//
//   "finish_reason"    OpenAI
//   "stop_reason"      Anthropic
//
// No JSON is parsed. These bytes with both quotes cannot stand inside a string: there a quote is written \", so that
// a mention of the name ends with a backslash before its quote, and text that ends in the name, whose second quote is
// the string's own, has a backslash before the first. A name that is preceded by a backslash is no member, then; a
// member's quote follows a brace, a comma or white space. A string that is a value has no colon behind it. What can
// deceive is a model's own object that is not sent as a string (Anthropic's tool input in an answer that is not
// streamed): it comes before the usage, which wins where it has the same figure. Names with \u escapes are not found.
//
// They end in _tokens" or _reason", and ns" and on" are rare: these are looked for 16 bytes at a time, and only there
// is a name compared.

import {
  FINISH_CONTENT_FILTER, FINISH_LENGTH, FINISH_OTHER, FINISH_STOP, FINISH_TOOL_CALLS,
} from "../../wire/layout.ts";
import { Slab } from "../memory/slab.ts";
import { advanceLine, eventsCounted } from "./events.ts";

/** Bits of UsageScan.seen. */
export const USAGE_PROMPT: u32 = 1;
export const USAGE_COMPLETION: u32 = 2;
export const USAGE_CACHED: u32 = 4;
/** The cached tokens came by Anthropic's name: they are not among the prompt's, which OpenAI's are. */
const USAGE_CACHED_APART: u32 = 8;

/** A member that is no figure: why the answer ended. Not a bit of `seen`; UsageScan.finish tells. */
const FINISH_REASON: u32 = 16;

const SEARCHING: u8 = 0;
const NAMED: u8 = 1; // behind a name
const ASSIGNED: u8 = 2; // behind its colon
const COUNTING: u8 = 3; // in its number
const READING: u8 = 4; // in its string

/** What has been found in one answer so far. */
@unmanaged
@final
export class UsageScan {
  /** Prompt, generated and cached tokens, at most 2^32 - 1; valid where `seen` has their bits. */
  prompt: u32;
  completion: u32;
  cached: u32;
  /** USAGE_ bits. */
  seen: u32;
  /** Lines that begin with `data:` and carry something other than [DONE]. */
  chunks: u32;
  /** The number so far; of a string, how many characters there have been. */
  number: u32;
  /** How far a line of events has come (events.ts). */
  line: u8;
  /** How far a member has come, and which: its USAGE_ bits. */
  state: u8;
  member: u8;
  /** FINISH_*: why the answer ended. */
  finish: u8;
  /** The first 16 characters of the string at hand. */
  word0: u64;
  word1: u64;
  /** The last 32 bytes. */
  tail0: u64;
  tail1: u64;
  tail2: u64;
  tail3: u64;
}

const TAIL: usize = 32; // the longest name has 23 characters between its quotes, and the byte before counts
const VECTOR: usize = 16;
// The tail, and right behind it the first bytes of a piece: a name may begin in the one and end in the other.
const joint: usize = memory.data(96, 16);
const near: usize = joint + TAIL;
/** Bytes of a piece that are searched there. Further on a name has all that matters in the piece. */
const NEAR: usize = 48;

const slab = new Slab(u32(offsetof<UsageScan>()));

/** A scan that has seen nothing; null where a million stand. */
export function takeUsage(): UsageScan | null {
  const record = slab.take();
  return record == 0 ? null : changetype<UsageScan>(record);
}

/** Gives a scan back. */
export function releaseUsage(scan: UsageScan): void {
  slab.give(changetype<usize>(scan));
}

/** Tokens of the prompt, cached ones among them, which Anthropic tells apart; 0: it is not told. */
export function promptTokens(scan: UsageScan): u32 {
  const apart = (scan.seen & USAGE_CACHED_APART) != 0 ? scan.cached : 0;
  return u32(min<u64>(u64(scan.prompt) + apart, u64(u32.MAX_VALUE)));
}

/** Tokens generated; where that is not told, the events with data. */
export function completionTokens(scan: UsageScan): u32 {
  return (scan.seen & USAGE_COMPLETION) != 0 ? scan.completion : scan.chunks;
}

/** Scans the next `length` bytes of the answer. */
export function scanUsage(scan: UsageScan, at: usize, length: u32): void {
  scan.line = advanceLine(scan.line, at, length);
  scan.chunks += eventsCounted;

  const tail = changetype<usize>(scan) + offsetof<UsageScan>("tail0");
  const nearBytes = min<usize>(length, NEAR);
  copyTail(joint, tail);
  memory.copy(near, at, nearBytes);
  for (let done: usize = 0; done < length; ) {
    if (scan.state != SEARCHING) done = readValue(scan, at + done, at + length) - at;
    else if (done < nearBytes) done = search(scan, near + done, near + nearBytes) - near;
    else done = search(scan, at + done, at + length) - at;
  }
  copyTail(tail, length < u32(TAIL) ? joint + length : at + length - TAIL);
}

// memory.copy is a call out of the module's code.
@inline
function copyTail(to: usize, from: usize): void {
  const first = v128.load(from);
  const second = v128.load(from, 16);
  v128.store(to, first);
  v128.store(to, second, 16);
}

// Looks for a name whose last quote is at `from` or behind; gives the address behind that quote, or `to`. Reads up to
// TAIL bytes before `from`, and none from `to` on.
function search(scan: UsageScan, from: usize, to: usize): usize {
  const quotes = i8x16.splat(0x22);
  const esses = i8x16.splat(0x73);
  const ens = i8x16.splat(0x6e);
  const oes = i8x16.splat(0x6f);
  for (let at = from; at < to; at += VECTOR) {
    // The last vector ends with the bytes, and repeats some before.
    const first = min<usize>(at, to - VECTOR);
    const last = v128.load(first - 1);
    const before = v128.load(first - 2);
    const hits = v128.and(
      i8x16.eq(v128.load(first), quotes),
      v128.or(
        v128.and(i8x16.eq(last, esses), i8x16.eq(before, ens)),
        v128.and(i8x16.eq(last, ens), i8x16.eq(before, oes)),
      ),
    );
    if (!v128.any_true(hits)) continue;
    for (let mask = u32(i8x16.bitmask(hits)) & (<u32>0xffff << u32(at - first)); mask != 0; mask &= mask - 1) {
      const quote = first + ctz<u32>(mask);
      const member = memberAt(quote);
      if (member == 0) continue;
      scan.member = u8(member);
      scan.state = NAMED;
      return quote + 1;
    }
  }
  return to;
}

// The USAGE_ bits of the member whose name ends with the quote at an address, or FINISH_REASON; 0 for none. Constants
// are little-endian.
function memberAt(quote: usize): u32 {
  const end = load<u64>(quote - 7);
  if (end == 0x226e6f736165725f) return isReason(quote) ? FINISH_REASON : 0; // _reason"
  if (end != 0x22736e656b6f745f) return 0; // _tokens"
  const name = load<u64>(quote - 15);
  if (name >> 8 == 0x74706d6f727022) return isOpening(quote - 14) ? USAGE_PROMPT : 0; // "prompt
  if (name >> 8 == 0x64656863616322) return isOpening(quote - 14) ? USAGE_CACHED : 0; // "cached
  if (name >> 8 == 0x74757074756f22) return isOpening(quote - 14) ? USAGE_COMPLETION : 0; // "output
  if (name >> 16 == 0x7475706e6922) return isOpening(quote - 13) ? USAGE_PROMPT : 0; // "input
  if (name == 0x6e6f6974656c706d) { // mpletion
    return load<u16>(quote - 17) == 0x6f63 && isOpening(quote - 18) ? USAGE_COMPLETION : 0; // co
  }
  if (name >> 16 == 0x7475706e695f && load<u32>(quote - 16) == 0x5f646165) { // _input, ead_
    const isName = load<u64>(quote - 24) == 0x725f656863616322; // "cache_r
    return isName && isOpening(quote - 24) ? USAGE_CACHED | USAGE_CACHED_APART : 0;
  }
  return 0;
}

// Whether the name that ends in _reason" is one of the two.
function isReason(quote: usize): bool {
  const name = load<u64>(quote - 15);
  if (name >> 8 == 0x6873696e696622) return isOpening(quote - 14); // "finish
  return name >> 24 == 0x706f747322 && isOpening(quote - 12); // "stop
}

// Whether a byte is a quote, and not one inside a string.
@inline
function isOpening(at: usize): bool {
  return load<u8>(at) == 0x22 && load<u8>(at - 1) != 0x5c;
}

// Reads on in a member; gives the address of the first byte that is not its, or `to`.
function readValue(scan: UsageScan, from: usize, to: usize): usize {
  for (let at = from; at < to; at++) {
    const byte = load<u8>(at);
    const digit = u32(byte) - 0x30;
    if (scan.state == READING) {
      if (byte != 0x22) {
        takeCharacter(scan, byte);
        continue;
      }
      recordFinish(scan);
    } else if (scan.state == COUNTING) {
      if (digit < 10) {
        scan.number = u32(min<u64>(u64(scan.number) * 10 + digit, u32.MAX_VALUE));
        continue;
      }
      // A fraction or a power of ten is no count of tokens.
      if (byte != 0x2e && (byte | 0x20) != 0x65) record(scan);
    } else {
      if (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) continue;
      if (scan.state == NAMED && byte == 0x3a) {
        scan.state = ASSIGNED;
        continue;
      }
      if (scan.state == ASSIGNED && scan.member == FINISH_REASON) {
        if (byte == 0x22) {
          scan.number = 0;
          scan.word0 = 0;
          scan.word1 = 0;
          scan.state = READING;
          continue;
        }
      } else if (scan.state == ASSIGNED && digit < 10) {
        scan.number = digit;
        scan.state = COUNTING;
        continue;
      }
    }
    scan.state = SEARCHING;
    return at;
  }
  return to;
}

function record(scan: UsageScan): void {
  const member = u32(scan.member);
  if (member == USAGE_PROMPT) scan.prompt = scan.number;
  else if (member == USAGE_COMPLETION) scan.completion = scan.number;
  else {
    scan.cached = scan.number;
    scan.seen &= ~USAGE_CACHED_APART;
  }
  scan.seen |= member;
}

function takeCharacter(scan: UsageScan, byte: u8): void {
  if (scan.number < 16) store<u8>(changetype<usize>(scan) + offsetof<UsageScan>("word0") + scan.number, byte);
  scan.number = min<u32>(scan.number + 1, 17);
}

// The string is whole. An empty one, which some servers send while the answer goes on, says nothing.
function recordFinish(scan: UsageScan): void {
  if (scan.number == 0) return;
  scan.finish = u8(finishOf(scan.word0, scan.word1, scan.number));
}

// The FINISH_ of a reason by its first 16 characters, little-endian.
function finishOf(first: u64, second: u64, length: u32): i32 {
  if (length > 16) return FINISH_OTHER;
  if (second == 0) {
    if (first == 0x706f7473) return FINISH_STOP; // stop
    if (first == 0x6874676e656c) return FINISH_LENGTH; // length
    if (first == 0x6e7275745f646e65) return FINISH_STOP; // end_turn
    if (first == 0x6573755f6c6f6f74) return FINISH_TOOL_CALLS; // tool_use
    return first == 0x6c617375666572 ? FINISH_CONTENT_FILTER : FINISH_OTHER; // refusal
  }
  if (first == 0x6c61635f6c6f6f74 && second == 0x736c) return FINISH_TOOL_CALLS; // tool_cal ls
  if (first == 0x6e6f6974636e7566 && second == 0x6c6c61635f) return FINISH_TOOL_CALLS; // function _call
  if (first == 0x656b6f745f78616d && second == 0x736e) return FINISH_LENGTH; // max_toke ns
  if (first == 0x7165735f706f7473 && second == 0x65636e6575) return FINISH_STOP; // stop_seq uence
  if (first == 0x5f746e65746e6f63 && second == 0x7265746c6966) return FINISH_CONTENT_FILTER; // content_ filter
  return FINISH_OTHER;
}
