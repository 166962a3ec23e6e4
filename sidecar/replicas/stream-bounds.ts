/** Bytes that a stream may hold before its oldest entries go. */
export const STREAM_BYTES = 4_194_304;
/** Entries are counted together until they have so many bytes: the list stays short however small they are. */
const CHUNK_BYTES = 16_384;
/** What an entry takes beside its fields. */
const ENTRY_BYTES = 64;

interface Chunk {
  readonly first: string;
  bytes: number;
}

/** Knows how far back a stream must reach to hold so many bytes and little more. */
export class StreamBounds {
  readonly #limit: number;
  #chunks: Chunk[] = [];
  #bytes = 0;

  constructor(limit = STREAM_BYTES) {
    this.#limit = limit;
  }

  /** Id of the oldest entry that has to stay; undefined where all have. */
  get oldest(): string | undefined {
    return this.#chunks[0]?.first;
  }

  /** An entry is in the stream, behind all that were added before. */
  add(id: string, bytes: number): void {
    const last = this.#chunks.at(-1);
    const size = bytes + ENTRY_BYTES;
    if (last === undefined || last.bytes >= CHUNK_BYTES) this.#chunks.push({ first: id, bytes: size });
    else last.bytes += size;
    this.#bytes += size;
    while (this.#chunks.length > 1 && this.#bytes > this.#limit) this.#bytes -= this.#chunks.shift()!.bytes;
  }

  /** The stream is another one. */
  clear(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }
}

/** Whether a stream's id, `milliseconds-number`, comes before another. */
export function isBefore(one: string, two: string): boolean {
  const [a, b] = [one, two].map((id) => id.split("-").map(BigInt)) as [bigint[], bigint[]];
  return a[0] === b[0] ? (a[1] ?? 0n) < (b[1] ?? 0n) : a[0]! < b[0]!;
}
