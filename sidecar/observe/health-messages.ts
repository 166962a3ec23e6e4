// The two messages of grpc.health.v1.
//   HealthCheckRequest  { string service = 1; }
//   HealthCheckResponse { ServingStatus status = 1; }

import { ProtoReader } from "../protobuf/reader.ts";
import { BYTES } from "../protobuf/wire.ts";

/** ServingStatus. */
export const SERVING = 1;
export const NOT_SERVING = 2;
/** Watch only: the service is none that is known. */
export const SERVICE_UNKNOWN = 3;

const FIELD_SERVICE = 1;
const TAG_STATUS = 0x08; // field 1, varint
/**
 * The service that a HealthCheckRequest asks for, "" where it names none.
 * @throws RangeError where the bytes are no protobuf message.
 */
export function decodeHealthRequest(bytes: Uint8Array): string {
  const reader = new ProtoReader(bytes);
  let service = "";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === FIELD_SERVICE && reader.wireType === BYTES) service = reader.text();
    else reader.skip();
  }
  return service;
}

/** A HealthCheckResponse with a status from 1 to 127. */
export function encodeHealthResponse(status: number): Buffer {
  return Buffer.from([TAG_STATUS, status]);
}
