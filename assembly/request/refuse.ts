// Answers of the filter's own in place of a model server's, in the shape that the client's library reads.

import * as host from "../abi/host.ts";
import { ERRORS_PLAIN } from "../config/plugin-config.ts";
import { Root } from "../root.ts";
import { JsonText } from "../text/json.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";
import { API_MESSAGES } from "./api.ts";
import { Request } from "./request.ts";
import { keepDetails, Traced } from "./traced.ts";

/** The answer names no reason. */
export const NO_REASON = new Text(0, 0);
/** Reasons of `x-llm-d-request-dropped-reason`, for clients and for who counts answers at the gateway. */
export const REJECTED_NO_ENDPOINTS = text("rejected-no-endpoints");
export const REJECTED_SATURATED = text("rejected-saturated");
export const REJECTED_TTL_EXPIRED = text("rejected-ttl-expired");

const CONTENT_TYPE = text("content-type");
const JSON_TYPE = text("application/json");
const DROPPED_REASON = text("x-llm-d-request-dropped-reason");
const RETRY_AFTER = text("retry-after");

const plain = new Line();
const seconds = new Line();
const json = new JsonText();

/**
 * Answers the request with a status of 400, 404, 429, 500 or 503. The body is the error object of the request's API,
 * OpenAI's where that is not Anthropic's, or where the configuration says `errors: plain`, the reference's
 * `inference error: <code> - <why>`. `details` goes into the access log's response code details, `reason` and
 * `retryAfter` (seconds; 0: none) into headers. Returns false, as decide does: the request must not go on.
 */
export function refuse(
  request: Request, status: u32, details: Text, why: Line, reason: Text = NO_REASON, retryAfter: u32 = 0,
): bool {
  if (request.traced != 0) keepDetails(changetype<Traced>(request.traced), details);
  const inPlain = changetype<Root>(request.root).config.errors == ERRORS_PLAIN;
  beginHeaders(u32(!inPlain) + u32(reason.length != 0) + u32(retryAfter != 0));
  if (!inPlain) addHeader(CONTENT_TYPE, JSON_TYPE.at, JSON_TYPE.length);
  if (reason.length != 0) addHeader(DROPPED_REASON, reason.at, reason.length);
  if (retryAfter != 0) {
    seconds.clear().number(retryAfter);
    addHeader(RETRY_AFTER, seconds.at, seconds.length);
  }
  if (inPlain) {
    plain.clear().add("inference error: ").add(plainCode(status)).add(" - ").bytes(why.at, why.length);
    host.respond(status, details, plain.at, plain.length, headers, headersEnd);
    return false;
  }
  json.clear();
  if (request.api == API_MESSAGES) writeAnthropic(status, why);
  else writeOpenAI(status, why);
  host.respond(status, details, json.at, json.length, headers, headersEnd);
  json.release();
  return false;
}

// https://platform.openai.com/docs/guides/error-codes: clients choose the exception by the status, and show the rest.
function writeOpenAI(status: u32, why: Line): void {
  json.open(0x7b).key("error").open(0x7b);
  json.key("message").string(why.at, why.length);
  json.key("type").word(openAIType(status));
  json.key("param").null();
  json.key("code");
  if (status == 429) json.word("rate_limit_exceeded");
  else if (status == 404) json.word("model_not_found");
  else if (status == 503) json.word("service_unavailable");
  else json.null();
  json.close(0x7d).close(0x7d);
}

// https://docs.anthropic.com/en/api/errors
function writeAnthropic(status: u32, why: Line): void {
  json.open(0x7b).key("type").word("error").key("error").open(0x7b);
  json.key("type").word(anthropicType(status));
  json.key("message").string(why.at, why.length);
  json.close(0x7d).close(0x7d);
}

function openAIType(status: u32): string {
  if (status == 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

function anthropicType(status: u32): string {
  switch (status) {
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    case 500: return "api_error";
    case 503: return "overloaded_error";
    default: return "invalid_request_error";
  }
}

function plainCode(status: u32): string {
  switch (status) {
    case 404: return "NotFound";
    case 429: return "ResourceExhausted";
    case 500: return "Internal";
    case 503: return "ServiceUnavailable";
    default: return "BadRequest";
  }
}

// Headers in the ABI's serialized form: how many there are, the bytes of each name and value, then these, each with a
// zero byte behind it. Names and values here are literals and a number, which leave room.
const headers: usize = memory.data(256, 4);
let headersEnd: u32 = 0;
let sizesEnd: u32 = 0;

function beginHeaders(count: u32): void {
  store<u32>(headers, count);
  sizesEnd = 4;
  headersEnd = 4 + count * 8;
}

function addHeader(name: Text, at: usize, length: u32): void {
  store<u32>(headers + sizesEnd, name.length);
  store<u32>(headers + sizesEnd, length, 4);
  sizesEnd += 8;
  putBytes(name.at, name.length);
  putBytes(at, length);
}

function putBytes(at: usize, length: u32): void {
  memory.copy(headers + headersEnd, at, length);
  store<u8>(headers + headersEnd + length, 0);
  headersEnd += length + 1;
}
