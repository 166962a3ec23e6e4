// The context lengths that a pod's label says it is meant for.

/** Both ends belong to it. */
export type ContextRange = { readonly least: number; readonly most: number };

const GREATEST_INTEGER = 2n ** 63n - 1n;
/** Scores of prompts inside a range lie above it, of prompts outside at or below. */
const OUTSIDE_MOST = 0.3;

/**
 * Reads "least-most", two integers with blanks around them allowed; null of anything else, such as an empty text, a
 * third part, a least above the most, or a number past 63 bits.
 */
export function parseContextRange(text: string): ContextRange | null {
  const parts = text.split("-");
  if (parts.length !== 2) return null;
  const ends: bigint[] = [];
  for (const part of parts) {
    const digits = /^\s*\+?(\d+)\s*$/.exec(part)?.[1];
    if (digits === undefined || BigInt(digits) > GREATEST_INTEGER) return null;
    ends.push(BigInt(digits));
  }
  const [least, most] = ends as [bigint, bigint];
  return least <= most ? { least: Number(least), most: Number(most) } : null;
}

/** Whether a prompt of `tokens` lies inside a range. */
export function contains({ least, most }: ContextRange, tokens: number): boolean {
  return least <= tokens && tokens <= most;
}

/**
 * How well a range suits a prompt: inside it 0.3..1, more for a narrower range and for more room above the prompt
 * (7 parts to 3); outside 0..0.3, less with the distance to the nearer end. A range of one length is worth 1.
 */
export function rangeScore(range: ContextRange, tokens: number): number {
  const { least, most } = range;
  if (!contains(range, tokens)) {
    const distance = tokens > most ? tokens - most : least - tokens;
    return OUTSIDE_MOST / (1 + distance / 1000);
  }
  const width = most - least;
  if (width === 0) return 1;
  const narrowness = 1 / (1 + width / 10000);
  const room = (most - tokens) / width;
  return OUTSIDE_MOST + (0.7 * narrowness + 0.3 * room) * (1 - OUTSIDE_MOST);
}
