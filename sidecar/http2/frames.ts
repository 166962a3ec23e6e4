/** What a client begins a connection with, before its frames (RFC 9113, section 3.4). */
export const PREFACE_BYTES = 24;
export const FRAME_HEADER_BYTES = 9;
/** The frame that a request begins with; trailers are one, too. */
export const HEADERS = 1;
const CONTINUATION = 9;
const END_STREAM = 0x01;
const END_HEADERS = 0x04;
const PADDED = 0x08;
const PRIORITY = 0x20;
const PRIORITY_BYTES = 5;
/** The most that a frame may carry unless the server allows more, which it does not. */
const MOST_FRAME_BYTES = 16_384;
/** Where a block of header fields gets so long, or is cut so often, nghttp2 refuses it. */
const MOST_BLOCK_BYTES = 65_536;
const MOST_CONTINUATIONS = 8;

/** HEADERS and what continues them, as they lie in a buffer. */
export interface Block {
  /** Behind the last frame. */
  readonly end: number;
  readonly stream: number;
  readonly endStream: boolean;
  /** The five bytes of HTTP/2's first priorities; none: there are none. */
  readonly priority: Buffer;
  /** The header block. */
  readonly fields: Buffer;
}

/** Frames that have not come whole: so many bytes are needed to read on. */
export type Wanting = { readonly wanted: number };

/** Bytes that a frame carries, by its header. */
export function frameLength(bytes: Buffer, at: number): number {
  return bytes.readUIntBE(at, 3);
}

function streamOf(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
}

/** Reads HEADERS and what continues them; null: they break the protocol or its limits. */
export function readBlock(bytes: Buffer, at: number): Block | Wanting | null {
  const stream = streamOf(bytes, at);
  const fragments: Buffer[] = [];
  let priority = bytes.subarray(0, 0);
  let next = at;
  for (let frames = 0; frames <= MOST_CONTINUATIONS; frames++) {
    if (bytes.length < next + FRAME_HEADER_BYTES) return { wanted: next + FRAME_HEADER_BYTES - at };
    const length = frameLength(bytes, next);
    const continues = bytes[next + 3] === CONTINUATION && streamOf(bytes, next) === stream;
    if (length > MOST_FRAME_BYTES || (frames > 0 && !continues)) return null;
    const flags = bytes[next + 4]!;
    let from = next + FRAME_HEADER_BYTES;
    let to = from + length;
    if (to - at > MOST_BLOCK_BYTES) return null;
    if (bytes.length < to) return { wanted: to - at };
    next = to;
    if (frames === 0) {
      if (flags & PADDED) {
        if (length === 0) return null;
        to -= bytes[from++]!;
      }
      if (flags & PRIORITY) {
        priority = bytes.subarray(from, from + PRIORITY_BYTES);
        from += PRIORITY_BYTES;
      }
      if (from > to) return null;
    }
    fragments.push(bytes.subarray(from, to));
    if (flags & END_HEADERS) {
      const fields = fragments.length === 1 ? fragments[0]! : Buffer.concat(fragments);
      return { end: next, stream, endStream: (bytes[at + 4]! & END_STREAM) !== 0, priority, fields };
    }
  }
  return null;
}

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** HEADERS with other fields, and what continues them; without padding. */
export function writeBlock({ stream, endStream, priority }: Block, fields: Buffer): Buffer[] {
  const payload = Buffer.concat([priority, fields]);
  const first = (endStream ? END_STREAM : 0) | (priority.length > 0 ? PRIORITY : 0);
  const frames: Buffer[] = [];
  for (let at = 0; at === 0 || at < payload.length; at += MOST_FRAME_BYTES) {
    const flags = (at === 0 ? first : 0) | (at + MOST_FRAME_BYTES >= payload.length ? END_HEADERS : 0);
    const part = payload.subarray(at, at + MOST_FRAME_BYTES);
    frames.push(frame(at === 0 ? HEADERS : CONTINUATION, flags, stream, part));
  }
  return frames;
}
