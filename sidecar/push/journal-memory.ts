import * as L from "../../wire/layout.ts";

/** Bytes of JOURNAL frames that are remembered: prefixes of some 2,000 prompts of 4,000 tokens. */
export const MEMORY_BYTES = 4_194_304;

/** Head of the list that may be empty before it is moved up. */
const SLACK = 1024;

interface Kept {
  /** Number of the stream that it came by. */
  readonly from: number;
  readonly bytes: Uint8Array;
  readonly records: number;
}

/** Records for one gateway. */
export interface Taken {
  /** One JOURNAL; undefined where the frames passed over are all the gateway's own. */
  readonly frame: Uint8Array | undefined;
  /** Position behind the last frame taken. */
  readonly next: number;
}

/**
 * The last JOURNALs that came up, in their order, for all gateways. Each gateway reads at a position of its own, so one
 * that reads slowly costs no memory; what it has not read when the memory moves on is lost to it.
 */
export class JournalMemory {
  readonly #limit: number;
  #kept: Kept[] = [];
  /** Index of the first frame that counts. */
  #head = 0;
  /** Position of that frame. */
  #first = 0;
  #bytes = 0;

  constructor(limit = MEMORY_BYTES) {
    this.#limit = limit;
  }

  /** Position of the oldest frame, and of the one that comes next. */
  get first(): number {
    return this.#first;
  }
  get next(): number {
    return this.#first + this.#kept.length - this.#head;
  }

  /** Bytes remembered. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Remembers a checked JOURNAL that came by the stream of that number. */
  add(from: number, frame: Uint8Array, records: number): void {
    // A copy, and not by slice(), which of a Buffer makes a view: the transport's buffer holds other frames too.
    const bytes = new Uint8Array(frame);
    new DataView(bytes.buffer).setBigUint64(L.JOURNAL_OWNER, 0n, true);
    this.#kept.push({ from, bytes, records });
    this.#bytes += bytes.length;
    while (this.#bytes > this.#limit) this.#forgetFirst();
  }

  /**
   * What stands from a position on, without what came by this gateway's stream, as one JOURNAL of at most so many bytes, but of at
   * least one frame. Undefined where there is nothing.
   */
  take(position: number, gateway: number, maxBytes: number): Taken | undefined {
    const parts: Kept[] = [];
    let bytes = 0;
    let index = this.#head + Math.max(0, position - this.#first);
    const from = index;
    for (; index < this.#kept.length; index++) {
      const kept = this.#kept[index]!;
      if (kept.from === gateway) continue;
      if (parts.length > 0 && bytes + kept.bytes.length > maxBytes) break;
      parts.push(kept);
      bytes += kept.bytes.length;
    }
    if (index === from) return undefined;
    const frame = parts.length > 1 ? joined(parts) : parts[0]?.bytes;
    return { frame, next: this.#first + index - this.#head };
  }

  #forgetFirst(): void {
    this.#bytes -= this.#kept[this.#head]!.bytes.length;
    this.#head++;
    this.#first++;
    if (this.#head < SLACK || this.#head * 2 < this.#kept.length) return;
    this.#kept = this.#kept.slice(this.#head);
    this.#head = 0;
  }
}

/** One JOURNAL of the records of several. */
function joined(parts: readonly Kept[]): Uint8Array {
  const length = parts.reduce((sum, { bytes }) => sum + bytes.length - L.JOURNAL_BYTES, L.JOURNAL_BYTES);
  const frame = new Uint8Array(length);
  frame.set(parts[0]!.bytes.subarray(0, L.JOURNAL_BYTES));
  const view = new DataView(frame.buffer);
  view.setUint32(L.HEADER_LENGTH, length, true);
  view.setUint32(
    L.JOURNAL_RECORDS,
    parts.reduce((sum, { records }) => sum + records, 0),
    true,
  );
  let at = L.JOURNAL_BYTES;
  for (const { bytes } of parts) {
    frame.set(bytes.subarray(L.JOURNAL_BYTES), at);
    at += bytes.length - L.JOURNAL_BYTES;
  }
  return frame;
}
