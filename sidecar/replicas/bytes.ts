// Little-endian values one behind the other.

/** Writes into a buffer that grows. */
export class BytesWriter {
  #buffer: Buffer;
  #at = 0;

  constructor(capacity: number) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  u8(value: number): void {
    this.#at = this.#room(1).writeUInt8(value, this.#at);
  }

  u16(value: number): void {
    this.#at = this.#room(2).writeUInt16LE(value, this.#at);
  }

  u32(value: number): void {
    this.#at = this.#room(4).writeUInt32LE(value, this.#at);
  }

  u64(value: bigint): void {
    this.#at = this.#room(8).writeBigUInt64LE(value, this.#at);
  }

  f32(value: number): void {
    this.#at = this.#room(4).writeFloatLE(value, this.#at);
  }

  f64(value: number): void {
    this.#at = this.#room(8).writeDoubleLE(value, this.#at);
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length).set(value, this.#at);
    this.#at += value.length;
  }

  /** u16 bytes, then UTF-8; what is longer than that holds is cut off. */
  text(value: string): void {
    const bytes = Buffer.from(value).subarray(0, 0xffff);
    this.u16(bytes.length);
    this.bytes(bytes);
  }

  /** What has been written; nothing may be written after. */
  done(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #room(bytes: number): Buffer {
    const needed = this.#at + bytes;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#at));
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

/** Reads what a writer wrote. */
export class BytesReader {
  readonly #bytes: Buffer;
  readonly #short: () => Error;
  #at = 0;

  /** @param short makes what is thrown where the bytes end too soon. */
  constructor(bytes: Uint8Array, short: () => Error) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#short = short;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  f32(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** Everything that has not been read. */
  rest(): Uint8Array {
    return this.#bytes.subarray(this.#take(this.#bytes.length - this.#at));
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#bytes.length) throw this.#short();
    this.#at += bytes;
    return at;
  }
}
