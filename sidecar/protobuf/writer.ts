import { BYTES, VARINT, varintSize, writeVarint } from "./wire.ts";

/**
 * Writes a message from its last byte to its first: what a nested message holds is written before its length, which is
 * known then. So fields are added last first. One writer serves any number of messages, one after the other.
 */
export class ProtoWriter {
  #bytes: Buffer;
  #at: number;

  /** @param room bytes to begin with; it grows. */
  constructor(room = 4096) {
    this.#bytes = Buffer.allocUnsafeSlow(room);
    this.#at = room;
  }

  /** Bytes written so far, for nested(). */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  /** Adds a field that is a whole number of 0 or more. */
  number(field: number, value: number): this {
    this.#varint(value);
    this.#varint(field * 8 + VARINT);
    return this;
  }

  /** Adds a field of bytes. */
  data(field: number, value: Uint8Array): this {
    this.#reserve(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
    return this.#head(field, value.length);
  }

  /** Adds a field of text. */
  text(field: number, value: string): this {
    const length = Buffer.byteLength(value);
    this.#reserve(length);
    this.#at -= length;
    this.#bytes.write(value, this.#at);
    return this.#head(field, length);
  }

  /** Makes all that was written since the writer's length was `since` a nested message in a field. */
  nested(field: number, since: number): this {
    return this.#head(field, this.length - since);
  }

  /** The message, in memory of its own, behind so many bytes of room; the writer begins anew. */
  finish(room = 0): Buffer {
    const message = Buffer.allocUnsafe(room + this.length);
    this.#bytes.copy(message, room, this.#at);
    this.#at = this.#bytes.length;
    return message;
  }

  #head(field: number, length: number): this {
    this.#varint(length);
    this.#varint(field * 8 + BYTES);
    return this;
  }

  #varint(value: number): void {
    this.#reserve(10);
    this.#at -= varintSize(value);
    writeVarint(this.#bytes, this.#at, value);
  }

  #reserve(length: number): void {
    if (length <= this.#at) return;
    const written = this.length;
    const grown = Buffer.allocUnsafeSlow(2 * (this.#bytes.length + length));
    this.#bytes.copy(grown, grown.length - written, this.#at);
    this.#at = grown.length - written;
    this.#bytes = grown;
  }
}
