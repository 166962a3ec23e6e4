// ProcessingRequest of envoy.service.ext_proc.v3, as far as it is used. Fields by number:
//   ProcessingRequest: request_headers 2, response_headers 3, request_body 4, response_body 5, request_trailers 6,
//     response_trailers 7, metadata_context 8, attributes 9 (a map to Structs), observability_mode 10, protocol_config 11
//   HttpHeaders: read-headers.ts
//   HttpBody: body 1, end_of_stream 2
//   ProtocolConfiguration: request_body_mode 1, response_body_mode 2
//   Metadata, Structs: read-metadata.ts

import { ProtoReader } from "../protobuf/reader.ts";
import { BYTES, VARINT } from "../protobuf/wire.ts";
import type { PairBlock } from "./pair-block.ts";
import { readHeaders } from "./read-headers.ts";
import { readAttributes, readMetadata } from "./read-metadata.ts";

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
  else if (field === 8) readMetadata(reader, message);
  else if (field === 9) readAttributes(reader, message);
  else readModes(reader, message);
  reader.leave(outer);
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
