// gRPC's framing of messages: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
// Before each message a byte that is 1 where it is compressed, and its length as u32, big-endian.

/** Bytes before a message. */
export const PREFIX_BYTES = 5;

/** The message cannot be taken; `code` is the gRPC status that says so. */
export class MessageRefused extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const NOTHING = Buffer.alloc(0);

/** Fills in what stands before a message whose bytes leave room for it. */
export function writePrefix(framed: Buffer): void {
  framed[0] = 0;
  framed.writeUInt32BE(framed.length - PREFIX_BYTES, 1);
}

/** A message with what stands before it. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  framed.set(message, PREFIX_BYTES);
  writePrefix(framed);
  return framed;
}

/** Puts messages together again that HTTP/2 has cut. */
export class MessageReader {
  readonly #most: number;
  readonly #take: (message: Buffer) => void;
  #parts: Buffer[] = [];
  #length = 0;
  /** Bytes of the message that is coming, with its prefix; 0: that is not known yet. */
  #wanted = 0;

  /** @param most bytes that a message may have. */
  constructor(most: number, take: (message: Buffer) => void) {
    this.#most = most;
    this.#take = take;
  }

  /**
   * Takes what came, and gives on the messages that are complete.
   * @throws MessageRefused
   */
  feed(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= (this.#wanted || PREFIX_BYTES)) {
      const whole = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts, this.#length);
      if (this.#wanted === 0) {
        this.#parts = [whole];
        this.#wanted = PREFIX_BYTES + this.#size(whole);
        continue;
      }
      const message = whole.subarray(PREFIX_BYTES, this.#wanted);
      const rest = whole.length === this.#wanted ? NOTHING : whole.subarray(this.#wanted);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#length = rest.length;
      this.#wanted = 0;
      this.#take(message);
    }
  }

  #size(prefix: Buffer): number {
    if (prefix[0] !== 0) throw new MessageRefused(UNIMPLEMENTED, "compressed messages are not taken");
    const size = prefix.readUInt32BE(1);
    if (size > this.#most) {
      throw new MessageRefused(RESOURCE_EXHAUSTED, `a message has ${size} bytes, ${this.#most} are the most`);
    }
    return size;
  }
}
