import { createRandom } from "./random.ts";

const WORDS = (
  "amber apple arrow autumn basin birch bridge candle cedar cloud copper coral creek dawn delta ember " +
  "fern field flint forest garden glass grove harbor hazel hill island ivory jasper juniper lantern leaf " +
  "linen maple marble meadow mist moss north oak ocean olive orchard pearl pebble pine plum quartz " +
  "rain reed ridge river saffron sage sand silver slate snow spruce stone summer thistle valley willow"
).split(" ");

/** What one prompt will be answered with. */
export type Output = {
  /** Output tokens, at least 1. */
  tokens: number;
  finishReason: "stop" | "length";
  /** The next token's text: of a text, one word, with a space before all but the first. */
  next(): string;
};

/** Draws one of the words that answers are made of. */
export function drawWord(random: () => number): string {
  return WORDS[Math.floor(random() * WORDS.length)]!;
}

/**
 * Plans an answer. The same seed, limit and `ignoreEos` give the same answer. Its length is drawn evenly from
 * 1..maxTokens and ends by "stop", unless it happens to reach the limit; with `ignoreEos` it always does.
 */
export function planOutput(seed: number, maxTokens: number, ignoreEos: boolean): Output {
  const random = createRandom(seed);
  // Drawn even where it is not used, so that the words are the same either way.
  const drawn = 1 + Math.floor(random() * maxTokens);
  const tokens = ignoreEos ? maxTokens : drawn;
  let first = true;
  return {
    tokens,
    finishReason: tokens < maxTokens ? "stop" : "length",
    next() {
      const word = drawWord(random);
      if (!first) return ` ${word}`;
      first = false;
      return word;
    },
  };
}
