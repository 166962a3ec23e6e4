// A request whose model may be replaced: by which, and what the client called it.

import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { Slab } from "../memory/slab.ts";
import { MODEL_NAME_MAX } from "../../wire/layout.ts";

/** What is known of the replacement, from the request's headers to its end. */
@unmanaged
@final
export class Renaming {
  /** The slab's link while the record is free. */
  link: u32;
  /** xxh64 of the model that the request gets; 0: not chosen, or the model stays. */
  target: u64;
  /** xxh64 of the model that the client asked for; 0: not known yet. */
  client: u64;
  /** Bytes of the target's name: as it is (targetAt) and within a JSON string (targetJsonAt). */
  targetLength: u32;
  targetJsonLength: u32;
  /** The client's name within a JSON string, in JSON as it wrote it: a block, and its bytes; 0: too long to be kept. */
  clientJson: usize;
  clientJsonLength: u32;
  /** Whether the request has got a model where the client named none. */
  inserted: bool;
  /** A block with bytes taken off the end of a piece, to be put before the next one, and how many they are. */
  kept: usize;
  keptLength: u32;
  /** Whether the model's value in which the last piece ended is too long to be held back: it stays. */
  passing: bool;
  /** Whether the answer is read for the model's name. */
  answering: bool;
  /** The last byte of the answer that was let go. */
  lastByte: u8;
}

/** A byte of a name takes up to six within a JSON string: \u001f. */
export const JSON_MAX: usize = 1536;
const TARGET: usize = (offsetof<Renaming>() + 7) & ~7;
const TARGET_JSON: usize = TARGET + MODEL_NAME_MAX;
/** The longest client's name that answers get back, bytes as the client wrote it. */
export const CLIENT_MAX: u32 = 4096;

const slab = new Slab(u32(TARGET_JSON + JSON_MAX));

/** A record that says nothing; null where a million stand. */
export function takeRenaming(): Renaming | null {
  const at = slab.take();
  return at == 0 ? null : changetype<Renaming>(at);
}

export function releaseRenaming(renaming: Renaming): void {
  giveBlock(renaming.kept, renaming.keptLength);
  giveBlock(renaming.clientJson, renaming.clientJsonLength);
  slab.give(changetype<usize>(renaming));
}

@inline
export function targetAt(renaming: Renaming): usize {
  return changetype<usize>(renaming) + TARGET;
}

@inline
export function targetJsonAt(renaming: Renaming): usize {
  return changetype<usize>(renaming) + TARGET_JSON;
}

/** Whether the request's body is another than the client sent. */
export function isEdited(renaming: Renaming): bool {
  return renaming.client != 0 || renaming.inserted;
}

/** Sets the model that the request gets: its xxh64, and its name of 1 to MODEL_NAME_MAX bytes. */
export function setTarget(renaming: Renaming, key: u64, at: usize, length: u32): void {
  renaming.target = key;
  renaming.targetLength = length;
  memory.copy(targetAt(renaming), at, length);
  renaming.targetJsonLength = writeJson(targetJsonAt(renaming), at, length);
}

/** Whether the target's name can be a field of a form: it has no line ends. */
export function isLine(renaming: Renaming): bool {
  const at = targetAt(renaming);
  for (let i: u32 = 0; i < renaming.targetLength; i++) {
    const byte = load<u8>(at + i);
    if (byte == 0x0a || byte == 0x0d) return false;
  }
  return true;
}

/**
 * Sets the model that the client asked for: its xxh64, and what it wrote. `json`: that stood between the quotes of a
 * JSON string; otherwise it is the name itself.
 */
export function setClient(renaming: Renaming, key: u64, at: usize, length: u32, json: bool): void {
  renaming.client = key;
  giveBlock(renaming.clientJson, renaming.clientJsonLength);
  renaming.clientJson = 0;
  renaming.clientJsonLength = 0;
  if (length == 0 || length > CLIENT_MAX) return;
  const written = json ? length : jsonLength(at, length);
  const block = takeBlock(written);
  if (json) memory.copy(block, at, length);
  else writeJson(block, at, length);
  renaming.clientJson = block;
  renaming.clientJsonLength = written;
}

function jsonLength(at: usize, length: u32): u32 {
  let bytes = length;
  for (let i: u32 = 0; i < length; i++) {
    const byte = u32(load<u8>(at + i));
    if (byte < 0x20) bytes += 5;
    else if (byte == 0x22 || byte == 0x5c) bytes++;
  }
  return bytes;
}

// Writes a name as it stands within a JSON string. Returns its bytes.
function writeJson(json: usize, at: usize, length: u32): u32 {
  let to = json;
  for (let i: u32 = 0; i < length; i++) {
    const byte = u32(load<u8>(at + i));
    if (byte >= 0x20) {
      if (byte == 0x22 || byte == 0x5c) store<u8>(to++, 0x5c);
      store<u8>(to++, u8(byte));
      continue;
    }
    store<u32>(to, 0x3030755c); // \u00
    store<u8>(to + 4, u8(0x30 + (byte >> 4)));
    const digit = byte & 15;
    store<u8>(to + 5, u8(digit < 10 ? 0x30 + digit : 0x57 + digit));
    to += 6;
  }
  return u32(to - json);
}
