import type { LogLevel } from "./abi.ts";
import type { SharedData } from "./shared-data.ts";

/** One open stream, as the filter's side of the host sees it. */
export interface GrpcStream {
  /** The filter sends a message. */
  send(message: Uint8Array): void;
  /** The filter resets the stream, or lets go of one that has ended. */
  cancel(): void;
}

/** Where the filter's gRPC streams and calls lead. */
export interface GrpcTransport {
  /**
   * Opens a stream; undefined where there is no such cluster.
   * @param service serialized envoy.config.core.v3.GrpcService.
   * @param peer calls for messages to the filter and for the end of the stream; never during open().
   */
  open(
    service: Uint8Array,
    path: string,
    peer: { message(bytes: Uint8Array): void; close(status: number): void },
  ): GrpcStream | undefined;
  /**
   * Makes a unary call; false where there is no such cluster, or nobody who answers calls.
   * @param done is called once, never during call(): with the response, or with a gRPC status where it failed.
   */
  call?(service: Uint8Array, path: string, message: Uint8Array, done: (response: Uint8Array | number) => void): boolean;
}

/** What a VM needs from the process around it. */
export interface Environment {
  readonly shared: SharedData;
  readonly grpc: GrpcTransport;
  /** Nanoseconds of a clock that never goes back; its zero is free. */
  now(): bigint;
  /** Nanoseconds since 1970; the filter reads them for traces only. Date.now() unless told. */
  wallTime?(): bigint;
  /** Fills with random bytes. */
  random(bytes: Uint8Array): void;
  /** Runs a task on the VM's thread after what runs there now; setImmediate unless told. */
  post?(task: () => void): void;
  log(level: LogLevel, message: string): void;
  /** Properties of the process, such as xds.node.id; path segments are separated by "\0". */
  property(path: string): string | undefined;
}
