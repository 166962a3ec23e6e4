// Gives an answer's model the name that the client asked for: every member "model" whose value is the name that the
// request was sent with, in JSON and in server-sent events, split anywhere. As in usage.ts no JSON is parsed: within a
// string the quotes would have backslashes. What a piece ends in that may become such a member waits for the next one.

import * as host from "../abi/host.ts";
import { BUFFER_RESPONSE_BODY } from "../abi/values.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { Renaming, targetJsonAt } from "../policy/renaming.ts";

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const NAME_BYTES: usize = 7; // "model"
const NAME_WORD: u64 = 0x226c65646f6d22; // the same, little-endian
const NAME_MASK: u64 = 0xffffffffffffff;
const VECTOR: usize = 16;
/** White space around a member's colon for which a piece waits; no server writes as much. */
const SPACE_MAX: usize = 64;
/** What comes of the search at a place. */
const NONE: usize = 0;
const OPEN: usize = 1; // it may become one with the next piece

// The piece that is written anew: a block, its capacity, and how much of it there is.
let block: usize = 0;
let capacity: usize = 0;
let written: usize = 0;

/**
 * Renames in the next piece of an answer, `length` bytes in the host's buffer; `end`: it is the last one. `at`: where
 * they have been read to already, 0: nowhere.
 */
export function renameAnswer(renaming: Renaming, at: usize, length: u32, end: bool): void {
  const kept = renaming.keptLength;
  if (length == 0 && (kept == 0 || !end)) return;
  let text = at;
  if (length != 0 && at == 0) {
    if (!host.getBuffer(BUFFER_RESPONSE_BODY, 0, length) || host.resultLength != length) return;
    text = host.resultAt;
  }
  const whole = usize(kept) + length;
  if (kept != 0) {
    const both = takeBlock(whole);
    memory.copy(both, renaming.kept, kept);
    memory.copy(both + kept, text, length);
    text = both;
  }
  const rest = rename(renaming, text, text + whole, end);
  if (kept != 0 || rest != 0 || written != 0) {
    const done = written != 0 ? written : whole - rest;
    host.replaceFront(BUFFER_RESPONSE_BODY, length, written != 0 ? block : text, u32(done));
    keep(renaming, text + whole - rest, u32(rest));
  }
  if (whole > rest) renaming.lastByte = load<u8>(text + whole - rest - 1);
  if (kept != 0) giveBlock(text, whole);
  giveBlock(block, capacity);
  block = 0;
  capacity = 0;
  written = 0;
}

// Writes a piece anew where it has a member to rename, and then all of it but what has to wait. Returns how many
// bytes at its end have to.
function rename(renaming: Renaming, from: usize, to: usize, end: bool): usize {
  let copied = from;
  let waits: usize = 0;
  for (let at = from; at < to; ) {
    const quote = findName(at, to);
    if (quote == to) break;
    const before = quote == from ? renaming.lastByte : load<u8>(quote - 1);
    at = quote + 1;
    if (before == BACKSLASH) continue;
    const past = memberEnd(renaming, quote, to);
    if (past == NONE) continue;
    if (past == OPEN) {
      if (end) continue;
      waits = to - quote;
      break;
    }
    const value = past - 1 - renaming.targetJsonLength;
    append(copied, value - copied);
    append(renaming.clientJson, renaming.clientJsonLength);
    copied = past - 1;
    at = past;
  }
  if (copied != from) append(copied, to - waits - copied);
  return waits;
}

// The first `"` from `at` with which "model" begins, as far as there are bytes; `to` where there is none.
function findName(at: usize, to: usize): usize {
  const quotes = i8x16.splat(0x22);
  const ems = i8x16.splat(0x6d);
  // Vectors of which every byte has its name in the piece.
  for (; at + VECTOR + NAME_BYTES <= to; at += VECTOR) {
    const hits = v128.and(i8x16.eq(v128.load(at), quotes), i8x16.eq(v128.load(at, 1), ems));
    if (!v128.any_true(hits)) continue;
    for (let mask = u32(i8x16.bitmask(hits)); mask != 0; mask &= mask - 1) {
      const quote = at + ctz<u32>(mask);
      if ((load<u64>(quote) & NAME_MASK) == NAME_WORD) return quote;
    }
  }
  for (; at < to; at++) {
    if (load<u8>(at) != QUOTE) continue;
    let same: usize = 1;
    const most = min<usize>(to - at, NAME_BYTES);
    while (same < most && u64(load<u8>(at + same)) == ((NAME_WORD >> (same << 3)) & 0xff)) same++;
    if (same == most) return at;
  }
  return to;
}

// The address behind the closing quote of the target's name, where the member that begins at a quote has it as value;
// otherwise NONE or OPEN.
function memberEnd(renaming: Renaming, quote: usize, to: usize): usize {
  let at = quote + NAME_BYTES;
  if (at > to) return OPEN;
  at = skipSpace(at, to);
  if (at == to) return at - quote > NAME_BYTES + SPACE_MAX ? NONE : OPEN;
  if (load<u8>(at) != 0x3a) return NONE;
  at = skipSpace(at + 1, to);
  if (at == to) return at - quote > NAME_BYTES + SPACE_MAX ? NONE : OPEN;
  if (load<u8>(at++) != QUOTE) return NONE;
  const length = usize(renaming.targetJsonLength);
  const there = min<usize>(to - at, length);
  if (memory.compare(at, targetJsonAt(renaming), there) != 0) return NONE;
  at += there;
  if (there < length || at == to) return OPEN;
  return load<u8>(at) == QUOTE ? at + 1 : NONE;
}

function skipSpace(at: usize, to: usize): usize {
  for (; at < to; at++) {
    const c = load<u8>(at);
    if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) break;
  }
  return at;
}

function append(from: usize, length: usize): void {
  if (written + length > capacity) {
    const larger = max((written + length) << 1, 4096);
    const fresh = takeBlock(larger);
    memory.copy(fresh, block, written);
    giveBlock(block, capacity);
    block = fresh;
    capacity = larger;
  }
  memory.copy(block + written, from, length);
  written += length;
}

function keep(renaming: Renaming, from: usize, length: u32): void {
  const fresh = length == 0 ? 0 : takeBlock(length);
  memory.copy(fresh, from, length);
  giveBlock(renaming.kept, renaming.keptLength);
  renaming.kept = fresh;
  renaming.keptLength = length;
}
