import { BYTES, FIXED32, FIXED64, VARINT } from "./wire.ts";

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

  /** Where in the bytes the reader stands. */
  get at(): number {
    return this.#at;
  }

  /** The next field's number; 0 at the message's end. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.varint();
    if (tag < 8) throw new RangeError("no field has the number 0");
    this.wireType = tag % 8;
    return Math.floor(tag / 8);
  }

  varint(): number {
    let value = 0;
    // Multiplication, not shifts: those would wrap at 32 bits. What exceeds 2^53 is too long for any field here.
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      if (this.#at >= this.#end) throw new RangeError("a field ends behind its message");
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
    if (length > this.#end - this.#at) throw new RangeError("a field ends behind its message");
    return length;
  }

  #pass(length: number): void {
    if (length > this.#end - this.#at) throw new RangeError("a field ends behind its message");
    this.#at += length;
  }
}
