// Headers of envoy.service.ext_proc.v3. Fields by number:
//   HttpHeaders: headers 1, end_of_stream 3. HeaderMap: headers 1. HeaderValue: key 1, value 2, raw_value 3

import type { ProtoReader } from "../protobuf/reader.ts";
import { BYTES, VARINT } from "../protobuf/wire.ts";
import { PairBlock } from "./pair-block.ts";
import type { ProcessingRequest } from "./read-request.ts";

const NOTHING = new Uint8Array();
const NO_PAIRS = Buffer.alloc(4);

/** The message with headers, in which the reader stands; none are an empty block. */
export function readHeaders(reader: ProtoReader, message: ProcessingRequest): void {
  message.headers = undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3 && reader.is(VARINT)) message.end = reader.varint() !== 0;
    else if (field === 1 && reader.is(BYTES)) message.headers = readPairs(reader);
    else if (field !== 1 && field !== 3) reader.skip();
  }
  message.headers ??= new PairBlock(NO_PAIRS);
}

/** Places of the names and values of one header map, in the bytes it is read from: reused from map to map. */
const parts: Uint8Array[] = [];

// From protobuf to the ABI's form, without strings between the two.
function readPairs(reader: ProtoReader): PairBlock {
  const outer = reader.enter();
  let count = 0;
  let size = 4;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1 || !reader.is(BYTES)) {
      if (field !== 1) reader.skip();
      continue;
    }
    let name: Uint8Array = NOTHING;
    let value: Uint8Array = NOTHING;
    const pair = reader.enter();
    for (let part = reader.next(); part !== 0; part = reader.next()) {
      if (part > 3 || reader.wireType !== BYTES) {
        reader.skip();
        continue;
      }
      const bytes = reader.take();
      if (part === 1) name = bytes;
      else if (bytes.length > 0) value = bytes;
    }
    reader.leave(pair);
    parts[2 * count] = name;
    parts[2 * count + 1] = value;
    count++;
    size += 10 + name.length + value.length;
  }
  reader.leave(outer);
  return new PairBlock(writePairs(count, size));
}

function writePairs(count: number, size: number): Buffer {
  const block = Buffer.allocUnsafe(size);
  block.writeUInt32LE(count, 0);
  let at = 4 + count * 8;
  for (let i = 0; i < 2 * count; i++) {
    const part = parts[i]!;
    block.writeUInt32LE(part.length, 4 + i * 4);
    block.set(part, at);
    at += part.length;
    block[at++] = 0;
    parts[i] = NOTHING;
  }
  return block;
}
