// The two messages of grpc.health.v1, by hand: one field each, so a protobuf library would be all cost.
//   HealthCheckRequest  { string service = 1; }
//   HealthCheckResponse { ServingStatus status = 1; }

/** ServingStatus. */
export const SERVING = 1;
export const NOT_SERVING = 2;
/** Watch only: the service is none that is known. */
export const SERVICE_UNKNOWN = 3;

const FIELD_SERVICE = 1;
const TAG_STATUS = 0x08; // field 1, varint
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.take(1)[0] as number;
      // Multiplication, not shifts: those would wrap at 32 bits. What exceeds 2^53 is too long for any field here.
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a varint has more than 10 bytes");
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new RangeError("a field ends behind the message");
    const from = this.#at;
    this.#at += length;
    return this.#bytes.subarray(from, this.#at);
  }

  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.take(8);
    else if (wireType === BYTES) this.take(this.varint());
    else if (wireType === FIXED32) this.take(4);
    else throw new RangeError(`wire type ${wireType} is not of proto3`);
  }
}

/**
 * The service that a HealthCheckRequest asks for, "" where it names none.
 * @throws RangeError where the bytes are no protobuf message.
 */
export function decodeHealthRequest(bytes: Uint8Array): string {
  const reader = new Reader(bytes);
  let service = "";
  while (!reader.done) {
    const tag = reader.varint();
    const wireType = tag % 8;
    if (Math.floor(tag / 8) === FIELD_SERVICE && wireType === BYTES) {
      service = new TextDecoder().decode(reader.take(reader.varint()));
    } else {
      reader.skip(wireType);
    }
  }
  return service;
}

/** A HealthCheckResponse with a status from 1 to 127. */
export function encodeHealthResponse(status: number): Buffer {
  return Buffer.from([TAG_STATUS, status]);
}
