// ProcessingRequest of envoy.service.ext_proc.v3, as far as it is used. Fields by number:
//   ProcessingRequest: request_headers 2, response_headers 3, request_body 4, response_body 5, request_trailers 6,
//     response_trailers 7, metadata_context 8, attributes 9 (a map to Structs), observability_mode 10, protocol_config 11
//   HttpHeaders: headers 1, end_of_stream 3. HeaderMap: headers 1. HeaderValue: key 1, value 2, raw_value 3
//   HttpBody: body 1, end_of_stream 2
//   ProtocolConfiguration: request_body_mode 1, response_body_mode 2
//   Metadata: filter_metadata 1 (a map to Structs)
//   google.protobuf.Struct: fields 1 (a map to Values). Value: string_value 3, struct_value 5, list_value 6.
//   ListValue: values 1. Map entries: key 1, value 2

import { BYTES, ProtoReader, VARINT } from "../support/protobuf.ts";
import { PairBlock } from "./pair-block.ts";

/** What a message is about: the number of its field. */
export const REQUEST_HEADERS = 2;
export const RESPONSE_HEADERS = 3;
export const REQUEST_BODY = 4;
export const RESPONSE_BODY = 5;
export const REQUEST_TRAILERS = 6;
export const RESPONSE_TRAILERS = 7;

/** How a gateway sends bodies. */
export const MODE_NONE = 0;
export const MODE_STREAMED = 1;
export const MODE_BUFFERED = 2;
export const MODE_BUFFERED_PARTIAL = 3;
export const MODE_FULL_DUPLEX_STREAMED = 4;

const NOTHING = new Uint8Array();
const NO_PAIRS = Buffer.alloc(4);
const SUBSET_NAMESPACE = "envoy.lb.subset_hint";
const SUBSET_KEY = "x-gateway-destination-endpoint-subset";
const SERVED_NAMESPACE = "envoy.lb";
const SERVED_KEY = "x-gateway-destination-endpoint-served";
const UPSTREAM_ADDRESS = "upstream.address";

/** One message of a gateway. What it does not have is as it stands here. */
export interface ProcessingRequest {
  /** One of REQUEST_HEADERS to RESPONSE_TRAILERS; 0: none of them. */
  kind: number;
  /** Of headers. */
  headers: PairBlock | undefined;
  /** Of a body; not copied. */
  body: Uint8Array;
  /** Nothing comes behind this of the request, or of the answer. */
  end: boolean;
  /** MODE_ of each direction, in a stream's first message; undefined where the gateway does not tell. */
  requestMode: number | undefined;
  responseMode: number | undefined;
  /** The gateway wants no answers. */
  observing: boolean;
  /** Endpoints among which to choose, with commas; undefined: all, empty: none. */
  subset: string | undefined;
  /** Address of the endpoint that serves, where the gateway tells. */
  served: string | undefined;
}

/**
 * Reads a message.
 * @throws RangeError where the bytes are no protobuf message.
 */
export function readRequest(bytes: Uint8Array): ProcessingRequest {
  const message: ProcessingRequest = {
    kind: 0,
    headers: undefined,
    body: NOTHING,
    end: false,
    requestMode: undefined,
    responseMode: undefined,
    observing: false,
    subset: undefined,
    served: undefined,
  };
  const reader = new ProtoReader(bytes);
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 10 && reader.is(VARINT)) message.observing = reader.varint() !== 0;
    else if (field < 2 || field > 11 || field === 10) reader.skip();
    else if (reader.is(BYTES)) readPart(reader, field, message);
  }
  return message;
}

function readPart(reader: ProtoReader, field: number, message: ProcessingRequest): void {
  const outer = reader.enter();
  if (field <= RESPONSE_TRAILERS) message.kind = field;
  if (field <= RESPONSE_HEADERS) readHeaders(reader, message);
  else if (field <= RESPONSE_BODY) readBody(reader, message);
  else if (field <= RESPONSE_TRAILERS) message.end = true;
  else if (field === 8) readSpaces(reader, message);
  else if (field === 9) readAttributes(reader, message);
  else readModes(reader, message);
  reader.leave(outer);
}

function readHeaders(reader: ProtoReader, message: ProcessingRequest): void {
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

function readBody(reader: ProtoReader, message: ProcessingRequest): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && reader.is(BYTES)) message.body = reader.take();
    else if (field === 2 && reader.is(VARINT)) message.end = reader.varint() !== 0;
    else if (field > 2) reader.skip();
  }
}

// proto3 leaves out what is 0: a mode that is not there is MODE_NONE.
function readModes(reader: ProtoReader, message: ProcessingRequest): void {
  message.requestMode = MODE_NONE;
  message.responseMode = MODE_NONE;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1 && reader.is(VARINT)) message.requestMode = reader.varint();
    else if (field === 2 && reader.is(VARINT)) message.responseMode = reader.varint();
    else if (field > 2) reader.skip();
  }
}

/** Takes one field of a Struct; the reader stands before its Value. */
type Take = (reader: ProtoReader, space: string, key: string, message: ProcessingRequest) => void;

// Metadata: a Struct for each name space.
function readSpaces(reader: ProtoReader, message: ProcessingRequest): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    if (!reader.is(BYTES)) continue;
    const entry = reader.enter();
    let space = "";
    for (let part = reader.next(); part !== 0; part = reader.next()) {
      if (part === 1 && reader.is(BYTES)) space = reader.text();
      else if (part === 2 && reader.is(BYTES)) readFields(reader, space, message, readMetadata);
      else if (part > 2) reader.skip();
    }
    reader.leave(entry);
  }
}

function readFields(reader: ProtoReader, space: string, message: ProcessingRequest, take: Take): void {
  const struct = reader.enter();
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    if (!reader.is(BYTES)) continue;
    const entry = reader.enter();
    let key = "";
    for (let part = reader.next(); part !== 0; part = reader.next()) {
      if (part === 1 && reader.is(BYTES)) key = reader.text();
      else if (part === 2 && reader.is(BYTES)) take(reader, space, key, message);
      else if (part > 2) reader.skip();
    }
    reader.leave(entry);
  }
  reader.leave(struct);
}

// Each occurrence of the field is one entry of the map.
function readAttributes(reader: ProtoReader, message: ProcessingRequest): void {
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2 && reader.is(BYTES)) readFields(reader, "", message, readAttribute);
    else if (field !== 2) reader.skip();
  }
}

function readAttribute(reader: ProtoReader, _space: string, key: string, message: ProcessingRequest): void {
  const text = readText(reader);
  if (key === UPSTREAM_ADDRESS && text !== undefined) message.served ??= text;
}

function readMetadata(reader: ProtoReader, space: string, key: string, message: ProcessingRequest): void {
  const text = readText(reader);
  if (space === SUBSET_NAMESPACE && key === SUBSET_KEY) message.subset = text;
  else if (space === SERVED_NAMESPACE && key === SERVED_KEY && text) message.served = text;
}

// A Value that is text, or a list of such, with commas; undefined where it is something else.
function readText(reader: ProtoReader): string | undefined {
  const value = reader.enter();
  let text: string | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 3 && reader.is(BYTES)) text = reader.text();
    else if (field === 6 && reader.is(BYTES)) text = readList(reader);
    else if (field !== 3 && field !== 6) reader.skip();
  }
  reader.leave(value);
  return text;
}

function readList(reader: ProtoReader): string {
  const list = reader.enter();
  const texts: string[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field !== 1) {
      reader.skip();
      continue;
    }
    if (!reader.is(BYTES)) continue;
    const text = readText(reader);
    if (text !== undefined) texts.push(text);
  }
  reader.leave(list);
  return texts.join(",");
}
