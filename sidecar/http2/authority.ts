import { type LiteralField, literalFields, plainLiteral, textOf } from "./header-block.ts";

/** Where the static table has the name. */
const STATIC_INDEX = 1;
/** Entries of the static table (RFC 7541, appendix A); those of the dynamic one come behind. */
const STATIC_ENTRIES = 61;
/** More have no room in a dynamic table of 4096 bytes, the default, with 32 for each entry beside its text. */
const MOST_ENTRIES = 128;
const NAME = Buffer.from(":authority");
/** The name in HPACK's code, of which there is one for every string. */
const CODED_NAME = Buffer.from("b83b5339ec327d7f", "hex");
const REPLACEMENT = "_".charCodeAt(0);

/** Which bytes nghttp2 takes in an :authority; releases differ in the `@`. */
const TAKEN = new Uint8Array(256);
for (const byte of Buffer.from("!$%&'()*+,-.0123456789:;=ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~")) {
  TAKEN[byte] = 1;
}

/**
 * Mends the :authority in header blocks of a connection, each in its turn. A value keeps its length: so what a client
 * adds to its table has the same size in the server's, entries leave both at the same time, and all else in a block is
 * right as it stands. What must be kept of the table is only which entries have this name.
 */
export class AuthorityMender {
  /** By an entry's number, which wraps: whether it has the name. */
  readonly #entries = new Uint8Array(MOST_ENTRIES);
  #added = 0;

  /** The block, mended where it must be; null: it is none. */
  mend(block: Buffer): Buffer | null {
    const fields = literalFields(block);
    if (fields === null) return null;
    const pieces: Buffer[] = [];
    let kept = 0;
    for (const field of fields) {
      const authority = this.#isAuthority(field, block);
      if (field.indexed) this.#entries[this.#added++ % MOST_ENTRIES] = authority ? 1 : 0;
      if (!authority) continue;
      const text = textOf(field.value, block);
      if (text === null) return null;
      if (text.every((byte) => TAKEN[byte] === 1)) continue;
      pieces.push(
        block.subarray(kept, field.value.start),
        plainLiteral(text.map((byte) => (TAKEN[byte] ? byte : REPLACEMENT))),
      );
      kept = field.value.to;
    }
    return kept === 0 ? block : Buffer.concat([...pieces, block.subarray(kept)]);
  }

  #isAuthority({ nameIndex, name }: LiteralField, block: Buffer): boolean {
    if (name !== null) return block.subarray(name.from, name.to).equals(name.huffman ? CODED_NAME : NAME);
    if (nameIndex <= STATIC_ENTRIES) return nameIndex === STATIC_INDEX;
    const age = nameIndex - STATIC_ENTRIES;
    return age <= Math.min(this.#added, MOST_ENTRIES) && this.#entries[(this.#added - age) % MOST_ENTRIES] === 1;
  }
}

/** Whether Node's server takes the :authority of a connection's first request, by its block. */
export function authorityTaken(block: Buffer): boolean {
  return new AuthorityMender().mend(block) === block;
}
