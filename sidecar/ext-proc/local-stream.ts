import { HEADER_KIND, KIND_SYNC } from "../../wire/layout.ts";
import type { CallListener } from "../grpc/call.ts";
import type { GatewayStream } from "../push/service.ts";
import type { GrpcStream, GrpcTransport } from "../wasm-host/environment.ts";

type Peer = Parameters<GrpcTransport["open"]>[2];

/** gRPC's status of a stream whose server is gone. */
const UNAVAILABLE = 14;

/**
 * The stream of state between the push and a filter in this process. Neither side is ever called from within a call of
 * the other: a filter that sends is in the middle of something.
 */
export class LocalStream implements GatewayStream, GrpcStream {
  readonly peer = "ext_proc";
  readonly #peer: Peer;
  readonly #synced: () => void;
  #listener: CallListener | undefined;
  #over = false;

  /** @param synced is called whenever the filter has been told all there is. */
  constructor(peer: Peer, synced: () => void) {
    this.#peer = peer;
    this.#synced = synced;
  }

  listen(listener: CallListener): void {
    this.#listener = listener;
  }

  begin(): void {}

  fail(): void {
    this.end();
  }

  /** The push sends a frame. */
  write(bytes: Uint8Array, written: () => void): void {
    this.#later(() => {
      this.#peer.message(bytes);
      if (bytes[HEADER_KIND] === KIND_SYNC) this.#synced();
      written();
    });
  }

  /** The push ends the stream. */
  end(): void {
    this.#later(() => {
      this.#over = true;
      this.#peer.close(UNAVAILABLE);
    });
  }

  /** The filter sends a frame. */
  send(message: Uint8Array): void {
    this.#later(() => this.#listener?.message(Buffer.from(message.buffer, message.byteOffset, message.byteLength)));
  }

  /** The filter lets go of the stream. */
  cancel(): void {
    this.#later(() => {
      this.#over = true;
      this.#listener?.closed();
    });
  }

  #later(act: () => void): void {
    queueMicrotask(() => {
      if (!this.#over) act();
    });
  }
}
