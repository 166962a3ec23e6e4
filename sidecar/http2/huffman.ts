// HPACK's code for strings (RFC 7541, appendix B). It is canonical: the lengths of all codes say what they are.

/** Bits of each byte's code, and of the mark for the end of a string, which no string may hold. */
const LENGTHS = [
  [13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  [28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  [6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  [5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  [13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  [7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  [15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  [6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  [20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  [24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  [22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  [21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  [26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  [19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  [20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  [26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  [30],
].flat();
const END = 256;
const LONGEST = 30;

/** Symbols by the length of their codes, then by their own order: those of one length have codes that follow. */
const SYMBOLS = [...LENGTHS.keys()].sort((a, b) => LENGTHS[a]! - LENGTHS[b]! || a - b);
/** By length: how many codes have it, the first of them, and where its symbol stands in SYMBOLS. */
const COUNTS = Array.from({ length: LONGEST + 1 }, (_, length) => LENGTHS.filter((each) => each === length).length);
const FIRST_CODES = [0];
const FIRST_SYMBOLS = [0];
for (let length = 1; length <= LONGEST; length++) {
  FIRST_CODES.push((FIRST_CODES[length - 1]! + COUNTS[length - 1]!) << 1);
  FIRST_SYMBOLS.push(FIRST_SYMBOLS[length - 1]! + COUNTS[length - 1]!);
}

/** The string that these bytes stand for; null: for none. */
export function decodeHuffman(bytes: Uint8Array): Buffer | null {
  const text = Buffer.allocUnsafe(Math.floor((bytes.length * 8) / 5));
  let size = 0;
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      length++;
      const place = code - FIRST_CODES[length]!;
      if (place >= COUNTS[length]!) continue;
      const symbol = SYMBOLS[FIRST_SYMBOLS[length]! + place]!;
      if (symbol === END) return null;
      text[size++] = symbol;
      code = 0;
      length = 0;
    }
  }
  // What is left of the last byte are the first bits of the mark for the end, which are ones.
  if (length > 7 || code !== (1 << length) - 1) return null;
  return text.subarray(0, size);
}
