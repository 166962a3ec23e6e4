// Which API a request speaks, by its path. Gateways mount these below prefixes of their own, so only the path's end
// counts.

import { Text, text } from "../text/text.ts";

/** None that is known. */
export const API_OTHER: u8 = 0;
/** /v1/chat/completions */
export const API_CHAT: u8 = 1;
/** /v1/completions */
export const API_COMPLETIONS: u8 = 2;
/** /v1/responses */
export const API_RESPONSES: u8 = 3;
/** /v1/embeddings */
export const API_EMBEDDINGS: u8 = 4;
/** /v1/messages, and its count_tokens: Anthropic's */
export const API_MESSAGES: u8 = 5;
/** /generate: vLLM's and SGLang's own */
export const API_GENERATE: u8 = 6;
/** /v1/audio/ and one more segment */
export const API_AUDIO: u8 = 7;
/** /v1/images/ and one more segment */
export const API_IMAGES: u8 = 8;

const CHAT = text("/v1/chat/completions");
const COMPLETIONS = text("/v1/completions");
const RESPONSES = text("/v1/responses");
const EMBEDDINGS = text("/v1/embeddings");
const MESSAGES = text("/v1/messages");
const COUNT_TOKENS = text("/v1/messages/count_tokens");
const GENERATE = text("/generate");
const AUDIO = text("/v1/audio/");
const IMAGES = text("/v1/images/");

const SLASH: u8 = 0x2f;
const QUESTION: u8 = 0x3f;
const HASH: u8 = 0x23;

/** The API, API_*, of the `:path` of `length` bytes at `at`, whatever stands before it and whatever its query is. */
export function apiOf(at: usize, length: u32): u8 {
  let end: u32 = 0;
  while (end < length && load<u8>(at + end) != QUESTION && load<u8>(at + end) != HASH) end++;
  if (ends(at, end, CHAT)) return API_CHAT;
  if (ends(at, end, COMPLETIONS)) return API_COMPLETIONS;
  if (ends(at, end, RESPONSES)) return API_RESPONSES;
  if (ends(at, end, EMBEDDINGS)) return API_EMBEDDINGS;
  if (ends(at, end, MESSAGES) || ends(at, end, COUNT_TOKENS)) return API_MESSAGES;
  if (ends(at, end, GENERATE)) return API_GENERATE;
  const folder = lastSlash(at, end);
  if (folder == end) return API_OTHER; // nothing behind the last slash
  if (ends(at, folder, AUDIO)) return API_AUDIO;
  return ends(at, folder, IMAGES) ? API_IMAGES : API_OTHER;
}

/** Whether the API's requests are JSON objects. */
export function takesJson(api: u8): bool {
  return api >= API_CHAT && api <= API_GENERATE;
}

/** Whether the API's JSON must name a model; where one serves only one model, as with /generate, it need not. */
export function takesModel(api: u8): bool {
  return api >= API_CHAT && api <= API_MESSAGES;
}

/** Whether the API's requests may name a model. */
export function knowsModel(api: u8): bool {
  return takesModel(api) || api == API_AUDIO || api == API_IMAGES;
}

// How many bytes the path has up to and with its last slash.
function lastSlash(at: usize, length: u32): u32 {
  while (length > 0 && load<u8>(at + length - 1) != SLASH) length--;
  return length;
}

function ends(at: usize, length: u32, what: Text): bool {
  return length >= what.length && memory.compare(at + length - what.length, what.at, what.length) == 0;
}
