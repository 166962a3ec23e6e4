const NEWLINE = 0x0a;

/** Cuts a stream of bytes into lines, wherever its chunks were cut. */
export class LineSplitter {
  readonly #maxBytes: number;
  /** The beginning of a line whose end has not come. */
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** @param maxBytes of a line. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Gives each line that ends in this chunk, without its newline, until `take` returns false; the remainder is then
   * of no interest any more.
   * @returns false: a line is longer than is allowed.
   */
  write(chunk: Buffer, take: (line: string) => boolean): boolean {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from);
      if (end < 0) break;
      if (this.#restBytes + end - from > this.#maxBytes) return false;
      // Decoded only when whole: a chunk may end within a character.
      const line = this.#restBytes === 0 ? chunk.toString("utf8", from, end) : this.#finish(chunk.subarray(from, end));
      from = end + 1;
      if (!take(line)) return true;
    }
    if (from === chunk.length) return true;
    this.#restBytes += chunk.length - from;
    // A copy: the chunk's memory may be larger by far, or used again.
    this.#rest.push(Buffer.from(chunk.subarray(from)));
    return this.#restBytes <= this.#maxBytes;
  }

  /** What is left when no more will come. */
  end(): string {
    return this.#finish(Buffer.alloc(0));
  }

  #finish(last: Buffer): string {
    const line = Buffer.concat([...this.#rest, last]).toString("utf8");
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }
}
