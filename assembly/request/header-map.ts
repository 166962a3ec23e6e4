// A request's headers, all got from the host at once, and the few that mean something found in one walk. The ABI's
// serialized form: u32 count, then u32 bytes of each name and of its value, then these, each with a zero byte behind
// it.

import { Text, text } from "../text/text.ts";

// What a walk looks for. Where a header has two names, the second is the older one, which counts if the first is
// absent.
export const METHOD: u32 = 0;
export const PATH: u32 = 1;
export const CONTENT_TYPE: u32 = 2;
export const DESTINATION: u32 = 3;
export const PREFILLER: u32 = 4;
export const ENCODERS: u32 = 5;
export const DATA_PARALLEL: u32 = 6;
export const OBJECTIVE: u32 = 7;
export const OLD_OBJECTIVE: u32 = 8;
export const FAIRNESS: u32 = 9;
export const OLD_FAIRNESS: u32 = 10;
export const MODEL: u32 = 11;
export const OLD_MODEL: u32 = 12;
export const SLO_TTFT: u32 = 13;
export const OLD_SLO_TTFT: u32 = 14;
export const SLO_TPOT: u32 = 15;
export const OLD_SLO_TPOT: u32 = 16;
const NAMES: u32 = 17;
/** Names that plans and configurations give. */
export const SESSION: u32 = 17;
export const EXPLAIN: u32 = 18;

/** The header that names the destination, as the Gateway API Inference Extension's protocol has it. */
export const DESTINATION_HEADER = text("x-gateway-destination-endpoint");
/** The endpoint that computes the prompt. */
export const PREFILLER_HEADER = text("x-prefiller-host-port");
/** The endpoints that encode images, audio and video. */
export const ENCODERS_HEADER = text("x-encoder-hosts-ports");
/** The rank that serves, where the destination is its pod's primary port. */
export const DATA_PARALLEL_HEADER = text("x-data-parallel-host-port");

const names: StaticArray<Text> = [
  text(":method"),
  text(":path"),
  text("content-type"),
  DESTINATION_HEADER,
  PREFILLER_HEADER,
  ENCODERS_HEADER,
  DATA_PARALLEL_HEADER,
  text("x-llm-d-inference-objective"),
  text("x-gateway-inference-objective"),
  text("x-llm-d-inference-fairness-id"),
  text("x-gateway-inference-fairness-id"),
  text("x-llm-d-model-name-rewrite"),
  text("x-gateway-model-name-rewrite"),
  text("x-llm-d-slo-ttft-ms"),
  text("x-slo-ttft-ms"),
  text("x-llm-d-slo-tpot-ms"),
  text("x-slo-tpot-ms"),
];
const given: usize = memory.data(16, 4); // of SESSION and EXPLAIN: u32 address, u32 bytes
const lengths: u64 = lengthsOf(); // one bit for each length that a name has: most headers are passed over by it

// Of each name its first value: u32 address, u32 bytes.
const values: usize = memory.data(152, 4);
let found: u32 = 0; // a bit for each name

/** Looks for a header of this name, too, from the next walk on; a length of 0: no more. `which`: SESSION or EXPLAIN. */
export function lookFor(which: u32, at: usize, length: u32): void {
  const name = given + (usize(which - NAMES) << 3);
  store<u32>(name, u32(at));
  store<u32>(name, length, 4);
}

/** Walks the serialized headers. What it finds stands in them, and counts until the next walk. */
export function walkHeaders(at: usize, length: u32): void {
  found = 0;
  if (length < 4) return;
  const count = load<u32>(at);
  if (count > (length - 4) >> 3) return;
  let bytes: u32 = 4 + (count << 3);
  for (let i: u32 = 0; i < count; i++) {
    const sizes = at + 4 + (usize(i) << 3);
    const nameLength = load<u32>(sizes);
    const valueLength = load<u32>(sizes, 4);
    if (u64(bytes) + u64(nameLength) + u64(valueLength) + 2 > u64(length)) return;
    const name = at + bytes;
    const value = name + nameLength + 1;
    bytes += nameLength + valueLength + 2;
    if (nameLength < 64 && ((lengths >> nameLength) & 1) != 0) {
      for (let which: u32 = 0; which < NAMES; which++) {
        const known = unchecked(names[which]);
        if (isName(known.at, known.length, name, nameLength)) note(which, value, valueLength);
      }
    }
    if (isName(load<u32>(given), load<u32>(given, 4), name, nameLength)) note(SESSION, value, valueLength);
    if (isName(load<u32>(given, 8), load<u32>(given, 12), name, nameLength)) note(EXPLAIN, value, valueLength);
  }
}

/** Where the value stands that findHeader has found last, and how many bytes it has. */
export let foundAt: usize = 0;
export let foundLength: u32 = 0;

/** Looks for one header in a walk of its own, for those that most configurations have no use for. */
export function findHeader(at: usize, length: u32, wanted: Text): bool {
  if (length < 4) return false;
  const count = load<u32>(at);
  if (count > (length - 4) >> 3) return false;
  let bytes: u32 = 4 + (count << 3);
  for (let i: u32 = 0; i < count; i++) {
    const sizes = at + 4 + (usize(i) << 3);
    const nameLength = load<u32>(sizes);
    const valueLength = load<u32>(sizes, 4);
    if (u64(bytes) + u64(nameLength) + u64(valueLength) + 2 > u64(length)) return false;
    const name = at + bytes;
    bytes += nameLength + valueLength + 2;
    if (!isName(wanted.at, wanted.length, name, nameLength)) continue;
    foundAt = name + nameLength + 1;
    foundLength = valueLength;
    return true;
  }
  return false;
}

/** Whether the last walk has found the header. */
export function hasHeader(which: u32): bool {
  return ((found >> which) & 1) != 0;
}

/** Where the first value of a header that was found stands. */
export function headerAt(which: u32): usize {
  return load<u32>(values + (usize(which) << 3));
}

/** How many bytes it has. */
export function headerLength(which: u32): u32 {
  return load<u32>(values + (usize(which) << 3), 4);
}

/** The name of a header, one that the walk knows by itself. */
export function headerName(which: u32): Text {
  return unchecked(names[which]);
}

function isName(name: usize, nameLength: u32, at: usize, length: u32): bool {
  return nameLength == length && length != 0 && memory.compare(name, at, length) == 0;
}

function note(which: u32, at: usize, length: u32): void {
  if (hasHeader(which)) return;
  found |= 1 << which;
  store<u32>(values + (usize(which) << 3), u32(at));
  store<u32>(values + (usize(which) << 3), length, 4);
}

function lengthsOf(): u64 {
  let bits: u64 = 0;
  for (let which: u32 = 0; which < NAMES; which++) bits |= u64(1) << unchecked(names[which]).length;
  return bits;
}
