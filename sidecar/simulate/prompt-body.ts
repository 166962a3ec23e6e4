import { TOKENS_PER_ID, type TraceRequest } from "./trace.ts";

/** Bytes of prompt text per token. */
export const BYTES_PER_TOKEN = 4;

const encoder = new TextEncoder();

/** 64 characters that JSON needs no escapes for, as bytes; a token is four of them. */
const LETTERS = encoder.encode("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .");

/** Every pair of letters as two bytes of a little-endian word, by 12 bits: half the look-ups. */
const PAIRS = Uint16Array.from({ length: 4096 }, (_, bits) => LETTERS[bits & 63]! | (LETTERS[bits >> 6]! << 8));

/** A token's word from 32 bits, mixed by the finalizer of MurmurHash3 (Austin Appleby, public domain). */
function tokenWord(bits: number): number {
  let mixed = bits ^ (bits >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  return PAIRS[mixed & 4095]! | (PAIRS[(mixed >>> 12) & 4095]! << 16);
}

/**
 * Writes the text of a prompt: TOKENS_PER_ID x BYTES_PER_TOKEN bytes per id, the same for the same id, the last cut to
 * the prompt's length.
 * @param out has room for BYTES_PER_TOKEN bytes per prompt token.
 */
export function writePrompt(request: TraceRequest, out: Uint8Array): void {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  let token = 0;
  for (const id of request.hashIds) {
    // Ids may have more than 32 bits.
    const start = Math.imul(id | 0, 0x9e3779b1) ^ Math.imul(Math.floor(id / 0x1_0000_0000), 0x27d4eb2f);
    const end = Math.min(token + TOKENS_PER_ID, request.promptTokens);
    for (let step = 1; token < end; token++, step++) {
      view.setUint32(token * BYTES_PER_TOKEN, tokenWord((start + Math.imul(step, 0x632be5ab)) | 0), true);
    }
  }
}

/** The body of a POST to /v1/completions: a streamed completion of the request's prompt, with usage at its end. */
export function completionBody(request: TraceRequest, model: string): Uint8Array {
  const fields = { model, stream: true, stream_options: { include_usage: true } };
  const head = encoder.encode(`${JSON.stringify(fields).slice(0, -1)},"prompt":"`);
  const prompt = request.promptTokens * BYTES_PER_TOKEN;
  const body = new Uint8Array(head.length + prompt + 2);
  body.set(head);
  writePrompt(request, body.subarray(head.length, head.length + prompt));
  body.set(encoder.encode('"}'), head.length + prompt);
  return body;
}
