/** Characters (UTF-16 code units) per token of a text. */
export const CHARACTERS_PER_TOKEN = 4;

/** What the engine and the output need to know of a prompt. */
export type PromptHashes = {
  tokens: number;
  /** One per full block; each covers the whole prompt up to its block's end. Integers below 2^53. */
  blocks: Float64Array;
  /** Covers the whole prompt; 32 bits, unsigned. */
  fingerprint: number;
};

/**
 * Two 32-bit lanes of multiply, rotate, multiply per word, as in xxHash32's round, with different primes. Together
 * they give 53 bits: enough that two prefixes do not meet by chance, and still one exact double. This is no
 * cryptographic hash.
 */
class ChainedHash {
  #a = 0x24234428;
  #b = 0x02cc5d05;

  /** Takes in the code units from `from` up to `to`, two to a word; a word may be half empty. */
  mixText(text: string, from: number, to: number): void {
    // Locals, and no charCodeAt past the end: several times as fast on long prompts.
    let a = this.#a;
    let b = this.#b;
    const pairs = to - ((to - from) & 1);
    for (let i = from; i < pairs; i += 2) {
      const word = text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16);
      a = (a + Math.imul(word, 0x85ebca77)) | 0;
      a = Math.imul((a << 13) | (a >>> 19), 0x9e3779b1);
      b = (b + Math.imul(word, 0xc2b2ae3d)) | 0;
      b = Math.imul((b << 17) | (b >>> 15), 0x27d4eb2f);
    }
    this.#a = a;
    this.#b = b;
    if (pairs < to) this.mixWord(text.charCodeAt(pairs));
  }

  mixWord(word: number): void {
    const a = (this.#a + Math.imul(word, 0x85ebca77)) | 0;
    this.#a = Math.imul((a << 13) | (a >>> 19), 0x9e3779b1);
    const b = (this.#b + Math.imul(word, 0xc2b2ae3d)) | 0;
    this.#b = Math.imul((b << 17) | (b >>> 15), 0x27d4eb2f);
  }

  value53(): number {
    return (this.#a >>> 0) * 0x200000 + (this.#b >>> 11);
  }

  value32(): number {
    return (this.#a ^ this.#b) >>> 0;
  }
}

/**
 * Hashes a prompt block by block, each block chained to the one before it. A text is cut into tokens of
 * CHARACTERS_PER_TOKEN code units, the last one perhaps shorter; a list of numbers is taken as token ids. The chain
 * starts from the `salts`: prompts of different models or cache salts share nothing.
 */
export function hashPrompt(
  prompt: string | readonly number[],
  blockSize: number,
  salts: readonly string[],
): PromptHashes {
  const tokens = typeof prompt === "string" ? Math.ceil(prompt.length / CHARACTERS_PER_TOKEN) : prompt.length;
  const blocks = new Float64Array(Math.floor(tokens / blockSize));
  const hash = new ChainedHash();
  for (const salt of salts) {
    // The length keeps "ab", "c" apart from "a", "bc".
    hash.mixWord(salt.length);
    hash.mixText(salt, 0, salt.length);
  }
  for (let from = 0; from < tokens; from += blockSize) {
    const to = from + blockSize;
    if (typeof prompt === "string") {
      hash.mixText(prompt, from * CHARACTERS_PER_TOKEN, Math.min(prompt.length, to * CHARACTERS_PER_TOKEN));
    } else {
      for (let i = from; i < Math.min(tokens, to); i++) hash.mixWord(prompt[i]!);
    }
    if (to <= tokens) blocks[to / blockSize - 1] = hash.value53();
  }
  return { tokens, blocks, fingerprint: hash.value32() };
}
