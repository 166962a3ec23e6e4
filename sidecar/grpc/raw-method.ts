const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asIs = (bytes: Buffer): Buffer => bytes;

/** In which directions a method has any number of messages instead of one. */
export interface Streams {
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

/**
 * A method as gRPC sees it whose messages stay bytes: who serves it reads them, and can give a bad one a status that
 * says what is wrong with it.
 */
export function rawMethod(path: string, { requestStream = false, responseStream = false }: Streams = {}) {
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: asBuffer,
    requestDeserialize: asIs,
    responseSerialize: asBuffer,
    responseDeserialize: asIs,
  };
}
