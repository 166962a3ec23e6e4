import { AuthorityMender } from "./authority.ts";
import { FRAME_HEADER_BYTES, frameLength, HEADERS, PREFACE_BYTES, readBlock, writeBlock } from "./frames.ts";

/**
 * Mends the :authority of every request in what a client of HTTP/2 sends; all else passes as it came. Where a client
 * breaks the protocol, everything from there on does, for the server to judge.
 */
export class FrameMender {
  readonly #authority = new AuthorityMender();
  /** Of a frame that passes, bytes that have not come. */
  #passing = PREFACE_BYTES;
  /** The begin of a frame, of which more must come. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #wanted = 0;
  #broken = false;

  /** Takes what came, and gives on what can be. */
  feed(chunk: Buffer): Buffer[] {
    if (this.#broken) return [chunk];
    if (this.#heldBytes === 0) return this.#mend(chunk);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#wanted) return [];
    const bytes = Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    return this.#mend(bytes);
  }

  #mend(bytes: Buffer): Buffer[] {
    const mended: Buffer[] = [];
    let kept = 0;
    let at = 0;
    while (at < bytes.length) {
      const step = Math.min(this.#passing, bytes.length - at);
      this.#passing -= step;
      at += step;
      if (at === bytes.length) break;
      if (bytes.length - at < FRAME_HEADER_BYTES) {
        this.#hold(bytes.subarray(at), FRAME_HEADER_BYTES);
        break;
      }
      if (bytes[at + 3] !== HEADERS) {
        this.#passing = FRAME_HEADER_BYTES + frameLength(bytes, at);
        continue;
      }
      const block = readBlock(bytes, at);
      if (block !== null && "wanted" in block) {
        this.#hold(bytes.subarray(at), block.wanted);
        break;
      }
      const fields = block && this.#authority.mend(block.fields);
      if (fields === null) {
        this.#broken = true;
        at = bytes.length;
        break;
      }
      if (fields !== block!.fields) {
        mended.push(bytes.subarray(kept, at), ...writeBlock(block!, fields));
        kept = block!.end;
      }
      at = block!.end;
    }
    mended.push(bytes.subarray(kept, at));
    return mended.filter(({ length }) => length > 0);
  }

  #hold(begin: Buffer, wanted: number): void {
    this.#held = [begin];
    this.#heldBytes = begin.length;
    this.#wanted = wanted;
  }
}
