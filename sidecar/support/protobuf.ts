// Protocol Buffers' wire format, as far as messages need it that are read and written field by field:
// https://protobuf.dev/programming-guides/encoding/

/** Wire types. */
export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/**
 * Walks a message's fields. A nested message is walked in place: enter() it, and leave() it with what that returned.
 * Every method throws RangeError where the bytes are no message.
 */
export class ProtoReader {
  readonly bytes: Uint8Array;
  /** Wire type of the field whose number next() returned last. */
  wireType = VARINT;
  #at = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#end = bytes.length;
  }

  /** The next field's number; 0 at the message's end. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.varint();
    this.wireType = tag % 8;
    return Math.floor(tag / 8);
  }

  varint(): number {
    let value = 0;
    // Multiplication, not shifts: those would wrap at 32 bits. What exceeds 2^53 is too long for any field here.
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (this.#at >= this.#end) throw new RangeError("a field ends behind the message");
      const byte = this.bytes[this.#at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a varint has more than 10 bytes");
  }

  /** A field of bytes, not copied. */
  take(): Uint8Array {
    const length = this.#length();
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  /** A field of text. */
  text(): string {
    const length = this.#length();
    this.#at += length;
    return Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.#at - length, length).toString("utf8");
  }

  /** Begins a nested message. */
  enter(): number {
    const length = this.#length();
    const outer = this.#end;
    this.#end = this.#at + length;
    return outer;
  }

  /** Ends it, wherever in it the reader stands. */
  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Whether the field is of a wire type. One that is not has been passed over. */
  is(wireType: number): boolean {
    if (this.wireType === wireType) return true;
    this.skip();
    return false;
  }

  /** Passes over the field. */
  skip(): void {
    if (this.wireType === VARINT) this.varint();
    else if (this.wireType === FIXED64) this.#pass(8);
    else if (this.wireType === BYTES) this.#pass(this.varint());
    else if (this.wireType === FIXED32) this.#pass(4);
    else throw new RangeError(`wire type ${this.wireType} is not of proto3`);
  }

  #length(): number {
    const length = this.varint();
    if (length > this.#end - this.#at) throw new RangeError("a field ends behind the message");
    return length;
  }

  #pass(length: number): void {
    if (length > this.#end - this.#at) throw new RangeError("a field ends behind the message");
    this.#at += length;
  }
}

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
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    this.#at -= size;
    let rest = value;
    for (let i = 0; i < size; i++) {
      this.#bytes[this.#at + i] = i === size - 1 ? rest : (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
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
