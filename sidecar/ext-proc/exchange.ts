import { status as grpcStatus } from "@grpc/grpc-js";
import type { GrpcCall } from "../grpc/call.ts";
import type { FilterStream } from "../wasm-host/stream.ts";
import * as Read from "./read-request.ts";
import { RequestSide } from "./request-side.ts";
import { ResponseSide } from "./response-side.ts";
import type { ExtProcSettings } from "./settings.ts";
import { Unexpected } from "./unexpected.ts";
import { writeImmediate } from "./write-response.ts";

/** What exists from the request's headers on. */
interface Sides {
  readonly stream: FilterStream;
  readonly request: RequestSide;
  readonly response: ResponseSide;
}

/** The stream of one HTTP request, from its opening to its end: between the gateway's messages and the filter. */
export class Exchange {
  readonly #call: GrpcCall;
  readonly #begin: () => FilterStream;
  readonly #settings: ExtProcSettings;
  readonly #ended: () => void;
  #sides: Sides | undefined;
  /** Nothing more is heard. */
  #over = false;
  #closed = false;

  /** @param ended is called once, at the end. */
  constructor(call: GrpcCall, begin: () => FilterStream, settings: ExtProcSettings, ended: () => void) {
    this.#call = call;
    this.#begin = begin;
    this.#settings = settings;
    this.#ended = ended;
    call.listen({
      message: (bytes) => this.#receive(bytes),
      halfClosed: () => this.#end(),
      closed: () => this.#close(),
    });
  }

  #receive(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.#take(Read.readRequest(bytes));
    } catch (error) {
      if (!(error instanceof Unexpected || error instanceof RangeError)) throw error;
      this.#close();
      this.#call.fail(grpcStatus.INVALID_ARGUMENT, error.message);
    }
  }

  #take(message: Read.ProcessingRequest): void {
    if (message.observing)
      this.#end(); // it wants no answers, and without them there is nothing to do here
    else if (this.#sides === undefined) this.#open(message);
    else this.#pass(message, this.#sides);
  }

  #open(message: Read.ProcessingRequest): void {
    if (message.kind !== Read.REQUEST_HEADERS) {
      throw new Unexpected("a stream begins with request_headers: the gateway's request_header_mode must be SEND");
    }
    const { requestMode = Read.MODE_FULL_DUPLEX_STREAMED, responseMode = Read.MODE_FULL_DUPLEX_STREAMED } = message;
    const stream = this.#begin();
    const ends = { call: this.#call, stream, settings: this.#settings, answered: () => this.#answered(stream) };
    const request = new RequestSide(ends, message.headers!, requestMode);
    const response = new ResponseSide(this.#call, stream, this.#settings, responseMode);
    this.#sides = { stream, request, response };
    request.begin(message);
  }

  #pass(message: Read.ProcessingRequest, { request, response }: Sides): void {
    switch (message.kind) {
      case Read.REQUEST_HEADERS:
        throw new Unexpected("a second request_headers on one stream");
      case Read.REQUEST_BODY:
        request.takeBody(message);
        break;
      case Read.REQUEST_TRAILERS:
        request.takeTrailers();
        break;
      case Read.RESPONSE_HEADERS:
        request.overtake();
        response.takeHeaders(message, request.picked);
        break;
      case Read.RESPONSE_BODY:
        response.takeBody(message);
        break;
      case Read.RESPONSE_TRAILERS:
        response.takeTrailers();
        break;
      default:
        throw new Unexpected("a message has no headers, body or trailers");
    }
  }

  /** Sends on what the filter has answered; whether it has. */
  #answered(stream: FilterStream): boolean {
    const response = stream.localResponse;
    if (response === undefined || this.#over) return response !== undefined;
    this.#over = true;
    stream.heldListener = undefined;
    this.#call.writeFramed(writeImmediate(response));
    this.#call.end();
    // Not now: the filter may be in the middle of something else.
    queueMicrotask(() => {
      if (!this.#closed) stream.onResponseHeaders(undefined, [[":status", String(response.status)]], true);
      this.#close();
    });
    return true;
  }

  /** The gateway has no more to say: nor has this side. */
  #end(): void {
    this.#close();
    this.#call.end();
  }

  #close(): void {
    this.#over = true;
    if (this.#closed) return;
    this.#closed = true;
    if (this.#sides !== undefined) {
      this.#sides.stream.heldListener = undefined;
      this.#sides.stream.close();
    }
    this.#ended();
  }
}
