import type { OutgoingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { frame, MessageReader, MessageRefused, writePrefix } from "./messages.ts";

const OK = 0;
const INTERNAL = 13;
/** What a client is told where its call came upon an error of ours. */
export const INTERNAL_DETAILS = "the sidecar has failed at this; its log says how";
const HEADERS = { ":status": 200, "content-type": "application/grpc" } as const;

/** As gRPC wants its messages in headers: printable ASCII as it is, but for the percent sign. */
function percentEncoded(text: string): string {
  return text.replaceAll(/[^\x20-\x24\x26-\x7e]+/g, (part) => {
    return [...Buffer.from(part)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join("");
  });
}

/** Who serves a call; nothing comes before listen(). */
export interface CallListener {
  message(bytes: Buffer): void;
  /** The client has no more to say. */
  halfClosed(): void;
  /** The call is over, whatever way it ended; the last that comes. */
  closed(): void;
}

/** One call of a client. Errors of the transport show as its end. */
export class GrpcCall {
  /** `ip:port` of the client. */
  readonly peer: string;
  readonly #stream: ServerHttp2Stream;
  readonly #most: number;
  readonly #failed: (error: unknown) => void;
  #listener: CallListener | undefined;
  #corked = false;
  #over = false;
  #trailers: OutgoingHttpHeaders = { "grpc-status": OK };

  /**
   * @param most bytes that a message may have.
   * @param failed hears what the listener throws, which ends the call and nothing else.
   */
  constructor(stream: ServerHttp2Stream, peer: string, most: number, failed: (error: unknown) => void) {
    this.#stream = stream;
    this.peer = peer;
    this.#most = most;
    this.#failed = failed;
    stream.on("error", () => undefined); // "close" follows
    stream.on("wantTrailers", () => {
      if (!this.#gone) stream.sendTrailers(this.#trailers);
    });
    stream.on("close", () => {
      this.#over = true;
      this.#guard(() => this.#listener?.closed());
    });
  }

  /** Whether nothing can be sent any more. */
  get over(): boolean {
    return this.#over || this.#gone;
  }

  // A client's reset shows here before "close" comes; what is sent then throws.
  get #gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }

  /** Lets messages come. */
  listen(listener: CallListener): void {
    this.#listener = listener;
    const reader = new MessageReader(this.#most, (message) => {
      if (!this.#over) listener.message(message);
    });
    this.#stream.on("data", (chunk: Buffer) => {
      if (this.#over) return;
      this.#guard(() => reader.feed(chunk));
    });
    this.#stream.on("end", () => {
      if (!this.#over) this.#guard(() => listener.halfClosed());
    });
    if (this.#stream.destroyed) listener.closed();
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof MessageRefused) {
        this.fail(error.code, error.message);
        return;
      }
      this.#failed(error);
      this.fail(INTERNAL, INTERNAL_DETAILS);
    }
  }

  /** Sends headers, so that the client knows that the call stands before there is anything to say. */
  begin(): void {
    if (this.over || this.#stream.headersSent) return;
    this.#stream.respond(HEADERS, { waitForTrailers: true });
  }

  /** Sends a message. @param written is called once the transport has taken it. */
  write(message: Uint8Array, written?: () => void): void {
    this.#send(frame(message), written);
  }

  /** Sends a message whose bytes leave room for the prefix. */
  writeFramed(framed: Buffer): void {
    writePrefix(framed);
    this.#send(framed);
  }

  /** Ends the call, all well, after what has been written. */
  end(): void {
    if (this.over) return;
    this.begin();
    this.#over = true;
    this.#uncork();
    this.#stream.end();
  }

  /** Ends the call with a status. */
  fail(code: number, details: string): void {
    if (this.over) return;
    this.#over = true;
    this.#trailers = { "grpc-status": code, "grpc-message": percentEncoded(details) };
    if (!this.#stream.headersSent) {
      this.#stream.respond({ ...HEADERS, ...this.#trailers }, { endStream: true });
      return;
    }
    this.#uncork();
    this.#stream.end();
  }

  // What is sent in one turn of the event loop goes out as one.
  #send(framed: Buffer, written?: () => void): void {
    if (this.over) return;
    this.begin();
    if (!this.#corked) {
      this.#corked = true;
      this.#stream.cork();
      process.nextTick(() => this.#uncork());
    }
    if (written === undefined) this.#stream.write(framed);
    else this.#stream.write(framed, () => written());
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#stream.uncork();
  }
}
