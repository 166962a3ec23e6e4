import type { ServiceDefinition } from "@grpc/grpc-js";
import type { CallListener } from "../grpc/call.ts";
import { rawMethod } from "../grpc/raw-method.ts";

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

/**
 * The service as gRPC sees it: a stream per gateway, and calls in which its workers tell what became of requests, and
 * what clients have spent of their rate limits. A message is a frame as it stands: protobuf around it would copy and
 * parse what the layout already says.
 */
export const stateService = {
  Stream: rawMethod("/inlineepp.v1.State/Stream", { requestStream: true, responseStream: true }),
  Observe: rawMethod("/inlineepp.v1.State/Observe"),
  Spend: rawMethod("/inlineepp.v1.State/Spend"),
} satisfies ServiceDefinition;
