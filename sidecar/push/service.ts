import type { ServiceDefinition } from "@grpc/grpc-js";
import type { CallListener } from "../grpc/call.ts";

/** The call of one gateway: whole frames in both directions. A gateway within this process has one, too. */
export interface GatewayStream {
  /** `ip:port` it connects from. */
  readonly peer: string;
  listen(listener: CallListener): void;
  /** Tells the gateway that the stream stands. */
  begin(): void;
  /** @param written is called once the transport has taken the bytes. */
  write(bytes: Uint8Array, written: () => void): void;
  end(): void;
  fail(code: number, details: string): void;
}

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
