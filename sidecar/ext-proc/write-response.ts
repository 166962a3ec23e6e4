// ProcessingResponse of envoy.service.ext_proc.v3, as far as it is used. Fields by number:
//   ProcessingResponse: request_headers 1, response_headers 2, request_body 3, response_body 4, request_trailers 5,
//     response_trailers 6, immediate_response 7, dynamic_metadata 8
//   HeadersResponse, BodyResponse: response 1 (a CommonResponse). TrailersResponse: empty here
//   CommonResponse: header_mutation 2, body_mutation 3, clear_route_cache 5
//   HeaderMutation: set_headers 1, remove_headers 2. HeaderValueOption: header 1, append_action 3.
//   HeaderValue: key 1, raw_value 3
//   BodyMutation: body 1, clear_body 2, streamed_response 3. StreamedBodyResponse: body 1, end_of_stream 2
//   ImmediateResponse: status 1, headers 2, body 3, details 5. HttpStatus: code 1
//   google.protobuf.Struct: fields 1, of entries key 1, value 2. Value: string_value 3, struct_value 5
// The writer takes fields last first. Every message has room in front for gRPC's prefix.

import { PREFIX_BYTES } from "../grpc/messages.ts";
import { ProtoWriter } from "../protobuf/writer.ts";
import type { LocalResponse } from "../wasm-host/stream.ts";

/** What a response is about: the number of its field. */
export const REQUEST_HEADERS = 1;
export const RESPONSE_HEADERS = 2;
export const REQUEST_BODY = 3;
export const RESPONSE_BODY = 4;
export const REQUEST_TRAILERS = 5;
export const RESPONSE_TRAILERS = 6;
const IMMEDIATE = 7;

const OVERWRITE_IF_EXISTS_OR_ADD = 2;

/** Headers to change; undefined: removed. */
export type HeaderChanges = ReadonlyMap<string, string | undefined>;

/** What a message about headers or a body says. */
export interface Answer {
  readonly headers?: HeaderChanges | undefined;
  /** In place of the body that came; empty: none is left. */
  readonly body?: Uint8Array | undefined;
  /** Whether the gateway looks for the route anew. */
  readonly reroute?: boolean | undefined;
  /** The destination, for the metadata that load balancers read. */
  readonly destination?: Destination | undefined;
}

/** Addresses, and where load balancers look for them. */
export interface Destination {
  readonly namespace: string;
  readonly key: string;
  readonly addresses: string;
}

const writer = new ProtoWriter();

/** A message about headers, or about a body that the gateway has sent as a whole or waits for piece by piece. */
export function writeAnswer(kind: number, { headers, body, reroute, destination }: Answer): Buffer {
  if (destination !== undefined) writeDestination(destination);
  const since = writer.length;
  if (reroute) writer.number(5, 1);
  if (body !== undefined) {
    const mutation = writer.length;
    if (body.length === 0) writer.number(2, 1);
    else writer.data(1, body);
    writer.nested(3, mutation);
  }
  if (headers !== undefined && headers.size > 0) writeHeaders(2, headers);
  return writer.nested(1, since).nested(kind, since).finish(PREFIX_BYTES);
}

/** A piece of a body, of a gateway that lets bodies pass through here. */
export function writePiece(kind: number, body: Uint8Array, end: boolean): Buffer {
  if (end) writer.number(2, 1);
  if (body.length > 0) writer.data(1, body);
  return writer.nested(3, 0).nested(3, 0).nested(1, 0).nested(kind, 0).finish(PREFIX_BYTES);
}

/** Trailers pass as they are. */
export function writeTrailers(kind: number): Buffer {
  return writer.nested(kind, 0).finish(PREFIX_BYTES);
}

/** The request is answered here. */
export function writeImmediate({ status, details, body, headers }: LocalResponse): Buffer {
  writer.text(5, details).text(3, body);
  const changes = Object.entries(headers);
  if (changes.length > 0) writeHeaders(2, new Map(changes));
  const since = writer.length;
  return writer.number(1, status).nested(1, since).nested(IMMEDIATE, 0).finish(PREFIX_BYTES);
}

function writeHeaders(field: number, changes: HeaderChanges): void {
  const since = writer.length;
  for (const [name, value] of changes) if (value === undefined) writer.text(2, name);
  for (const [name, value] of changes) {
    if (value === undefined) continue;
    const option = writer.length;
    writer.number(3, OVERWRITE_IF_EXISTS_OR_ADD);
    const header = writer.length;
    writer.text(3, value).text(1, name).nested(1, header).nested(1, option);
  }
  writer.nested(field, since);
}

// { namespace: { key: addresses } }
function writeDestination({ namespace, key, addresses }: Destination): void {
  const since = writer.length;
  writer.text(3, addresses).nested(2, since).text(1, key).nested(1, since); // the inner Struct
  writer.nested(5, since).nested(2, since).text(1, namespace).nested(1, since).nested(8, since);
}
