import type { ServerDuplexStream, ServiceDefinition } from "@grpc/grpc-js";

/** The call of one gateway: whole frames in both directions. */
export type FrameStream = ServerDuplexStream<Buffer, Uint8Array>;

// A message is a frame as it stands. Protobuf around it would copy and parse what the layout already says.
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asIs = (bytes: Buffer): Buffer => bytes;

/** The service as gRPC sees it: one method, one stream per gateway. */
export const stateService = {
  Stream: {
    path: "/inlineepp.v1.State/Stream",
    requestStream: true,
    responseStream: true,
    requestSerialize: asBuffer,
    requestDeserialize: asIs,
    responseSerialize: asBuffer,
    responseDeserialize: asIs,
  },
} satisfies ServiceDefinition;
