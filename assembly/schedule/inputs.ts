// The request under consideration: what plugins know of it. The caller of `schedule` fills this in first, for what
// the plan's needs (state/derived.ts) ask for; the rest may keep its resting value.

/** Tokens of the prompt, counted or estimated. */
export let promptTokens: f64 = 0;
/** Tokens that the answer is expected to have, where the plan counts them. */
export let outputTokens: f64 = 0;
/** Blocks of the prompt that have been hashed; 0: nothing is known of its prefix. */
export let promptBlocks: u32 = 0;
/** Tokens in each of them. */
export let blockTokens: u32 = 0;
/** xxh64 of the model's name, as LOAD names adapters. */
export let adapter: u64 = 0;
/** Images, audio and video in the prompt. */
export let images: u32 = 0;
/** xxh64 of the name of the endpoint to which the session is bound (session.ts); 0: the request has none. */
export let session: u64 = 0;
/** Objectives for the time to the first token and the time per further token, milliseconds; 0: none. */
export let sloTtft: f64 = 0;
export let sloTpot: f64 = 0;

/** Another request: nothing is known of it yet. */
export function resetInputs(): void {
  promptTokens = 0;
  outputTokens = 0;
  promptBlocks = 0;
  blockTokens = 0;
  adapter = 0;
  images = 0;
  session = 0;
  sloTtft = 0;
  sloTpot = 0;
}

/** Tokens of the prompt, and into how many blocks of how many tokens it has been hashed. */
export function setPrompt(tokens: f64, blocks: u32, tokensPerBlock: u32): void {
  promptTokens = tokens;
  promptBlocks = blocks;
  blockTokens = tokensPerBlock;
}

export function setOutput(tokens: f64): void {
  outputTokens = tokens;
}

export function setAdapter(hash: u64): void {
  adapter = hash;
}

export function setImages(count: u32): void {
  images = count;
}

/** xxh64 of an endpoint's name; 0: no session. */
export function setSession(name: u64): void {
  session = name;
}

/** Milliseconds; 0: no objective. */
export function setSlo(ttft: f64, tpot: f64): void {
  sloTtft = ttft;
  sloTpot = tpot;
}

/** Tokens of the prompt that an endpoint which holds `matched` of its blocks has yet to compute. */
@inline
export function uncachedTokens(matched: u32): f64 {
  return max<f64>(promptTokens - f64(matched) * f64(blockTokens), 0);
}
