import type { ServerDuplexStream, ServerUnaryCall, ServiceDefinition, sendUnaryData } from "@grpc/grpc-js";

/** The call of one gateway: whole frames in both directions. */
export type FrameStream = ServerDuplexStream<Buffer, Uint8Array>;

/** A worker's call: one frame up, one or nothing down. */
export type FrameCall = ServerUnaryCall<Buffer, Uint8Array>;
export type FrameReply = sendUnaryData<Uint8Array>;

// A message is a frame as it stands. Protobuf around it would copy and parse what the layout already says.
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * The service as gRPC sees it: a stream per gateway, and calls in which its workers tell what became of requests, and what
 * clients have spent of their rate limits.
 */
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
  Observe: {
    path: "/inlineepp.v1.State/Observe",
    requestStream: false,
    responseStream: false,
    requestSerialize: asBuffer,
    requestDeserialize: asIs,
    responseSerialize: asBuffer,
    responseDeserialize: asIs,
  },
  Spend: {
    path: "/inlineepp.v1.State/Spend",
    requestStream: false,
    responseStream: false,
    requestSerialize: asBuffer,
    requestDeserialize: asIs,
    responseSerialize: asBuffer,
    responseDeserialize: asIs,
  },
} satisfies ServiceDefinition;
