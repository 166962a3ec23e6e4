// The fields of a header block as HPACK writes them (RFC 7541, section 6), without what a table would make of them.

import { decodeHuffman } from "./huffman.ts";

/** Where the static table has the name `:path` (RFC 7541, appendix A). */
const PATHS: readonly number[] = [4, 5];

/** A string of a field, where it stands in the block. */
export interface Literal {
  /** The first byte, which says how long it is. */
  readonly start: number;
  /** Its bytes: from where, and up to where. */
  readonly from: number;
  readonly to: number;
  readonly huffman: boolean;
}

/** A field whose value is written out, and maybe its name. */
export interface LiteralField {
  /** Whether both sides add it to their tables. */
  readonly indexed: boolean;
  /** Where the tables have its name; 0: it is written out. */
  readonly nameIndex: number;
  readonly name: Literal | null;
  readonly value: Literal;
}

/** Reads a block from its begin. */
class BlockReader {
  readonly #block: Uint8Array;
  at = 0;

  constructor(block: Uint8Array) {
    this.#block = block;
  }

  /** A number that begins in the low bits of a byte; -1: the block ends before it, or it is far too large. */
  integer(bits: number): number {
    const most = (1 << bits) - 1;
    const first = this.#next();
    if (first < 0) return -1;
    let value = first & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#next();
      if (byte < 0) return -1;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  literal(): Literal | null {
    const start = this.at;
    const huffman = (this.#block[start] ?? 0) >= 0x80;
    const length = this.integer(7);
    const from = this.at;
    const to = from + length;
    if (length < 0 || to > this.#block.length) return null;
    this.at = to;
    return { start, from, to, huffman };
  }

  #next(): number {
    return this.at < this.#block.length ? this.#block[this.at++]! : -1;
  }
}

/** The literal fields of a block in their order; null: it is none. Fields that the tables have whole are passed over. */
export function literalFields(block: Uint8Array): LiteralField[] | null {
  const fields: LiteralField[] = [];
  const reader = new BlockReader(block);
  while (reader.at < block.length) {
    const first = block[reader.at]!;
    if (first >= 0x80) {
      if (reader.integer(7) < 0) return null;
      continue;
    }
    const indexed = first >= 0x40;
    if (!indexed && first >= 0x20) {
      if (reader.integer(5) < 0) return null; // the table's size
      continue;
    }
    const nameIndex = reader.integer(indexed ? 6 : 4);
    if (nameIndex < 0) return null;
    const name = nameIndex === 0 ? reader.literal() : null;
    if (nameIndex === 0 && name === null) return null;
    const value = reader.literal();
    if (value === null) return null;
    fields.push({ indexed, nameIndex, name, value });
  }
  return fields;
}

/** What a string says; null: its code stands for nothing. */
export function textOf({ from, to, huffman }: Literal, block: Uint8Array): Uint8Array | null {
  const bytes = block.subarray(from, to);
  return huffman ? decodeHuffman(bytes) : bytes;
}

/** The path that a connection's first request is for; null: the block does not write it out. */
export function pathOf(block: Uint8Array): string | null {
  const field = literalFields(block)?.find(({ nameIndex }) => PATHS.includes(nameIndex));
  const text = field && textOf(field.value, block);
  return text ? Buffer.from(text).toString("latin1") : null;
}

/** A string that is written as it is, after its length. */
export function plainLiteral(text: Uint8Array): Buffer {
  const { length } = text;
  if (length < 0x7f) return Buffer.concat([Buffer.from([length]), text]);
  const size = [0x7f];
  let rest = length - 0x7f;
  for (; rest >= 0x80; rest >>= 7) size.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...size, rest]), text]);
}
