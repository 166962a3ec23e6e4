// The callbacks of one request through the filter, in the host's terms.

import type { FilterStream } from "../wasm-host/stream.ts";

const REQUEST_HEADERS = [
  [":method", "POST"],
  [":path", "/v1/completions"],
  [":authority", "simulated"],
  ["content-type", "application/json"],
] as const;

const ANSWER_HEADERS = [
  [":status", "200"],
  ["content-type", "text/event-stream"],
] as const;

/** What Envoy hands on of a body at once, in bytes: the size of its read buffer. */
const PIECE_BYTES = 16_384;

/**
 * Puts a request's headers and body through the filter.
 * @param headers further ones, names in lower case; they stand in for those that every request has.
 */
export function passRequest(
  stream: FilterStream,
  body: Uint8Array,
  headers: Iterable<readonly [string, string]> = [],
): void {
  stream.onRequestHeaders([...REQUEST_HEADERS, ...headers, ["content-length", String(body.length)]], false);
  for (let from = 0; from < body.length; from += PIECE_BYTES) {
    stream.onRequestBody(body.subarray(from, from + PIECE_BYTES), from + PIECE_BYTES >= body.length);
  }
}

/** The first address of the filter's list; undefined where it has answered the request itself or left it alone. */
export function pickOf(stream: FilterStream): string | undefined {
  return stream.state.get("dest")?.split(",")[0];
}

/** The headers of the answer that `upstream`, an address, gives. */
export function passAnswerHeaders(stream: FilterStream, upstream: string): void {
  stream.onResponseHeaders(upstream, ANSWER_HEADERS);
}

/** A piece of the answer's body. */
export function passAnswerBody(stream: FilterStream, piece: Uint8Array, end: boolean): void {
  stream.onResponseBody(piece, end);
}
