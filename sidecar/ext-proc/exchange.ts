import { status as grpcStatus } from "@grpc/grpc-js";
import type { GrpcCall } from "../grpc/call.ts";
import { DataStatus, HeadersStatus } from "../wasm-host/abi.ts";
import type { FilterStream } from "../wasm-host/stream.ts";
import { type Decision, decisionOf } from "./decision.ts";
import type { PairBlock } from "./pair-block.ts";
import type { ProcessingRequest } from "./read-request.ts";
import * as Read from "./read-request.ts";
import type { ExtProcSettings } from "./settings.ts";
import * as Write from "./write-response.ts";

/** The most of a body in one message: Envoy's limit is 64 KiB where nobody has set another. */
const PIECE_BYTES = 62_000;
const NOTHING = new Uint8Array();
const CONTENT_LENGTH = "content-length";

const SUBSET_PROPERTY = "metadata\0filter_metadata\0envoy.lb.subset_hint\0x-gateway-destination-endpoint-subset";
const STEERING_HEADER = "test-epp-endpoint-selection";
const SERVED_HEADER = "x-conformance-test-served-endpoint";

/** What has become of the request. */
type Phase = "expected" | "reading" | "held" | "decided" | "over";

/** A gateway does what the protocol does not allow, or what cannot be served. */
class Unexpected extends Error {}

/** The stream of one HTTP request, from its opening to its end: between the gateway's messages and the filter. */
export class Exchange {
  readonly #call: GrpcCall;
  readonly #begin: () => FilterStream;
  readonly #settings: ExtProcSettings;
  readonly #ended: () => void;
  #phase: Phase = "expected";
  #requestMode = Read.MODE_FULL_DUPLEX_STREAMED;
  #responseMode = Read.MODE_FULL_DUPLEX_STREAMED;
  /** Exists from the request's headers on. */
  #stream!: FilterStream;
  #headers!: PairBlock;
  /** Of a body that passes through here: what the filter has left of it so far. */
  readonly #pieces: Uint8Array[] = [];
  #bodyCame = false;
  #edited = false;
  #hasTrailers = false;
  /** Whether the headers have been answered, and what the message that waits for the decision is about. */
  #headersSent = false;
  #waits = Write.REQUEST_HEADERS;
  #picked = "";
  /**
   * The gateway has answered in the place of an endpoint before there was a decision: what of the request is still to
   * come was on its way before.
   */
  #overtaken = false;
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
    if (this.#phase === "over") return;
    try {
      this.#take(Read.readRequest(bytes));
    } catch (error) {
      if (!(error instanceof Unexpected || error instanceof RangeError)) throw error;
      this.#close();
      this.#call.fail(grpcStatus.INVALID_ARGUMENT, error.message);
    }
  }

  #take(message: ProcessingRequest): void {
    if (message.observing) {
      this.#end(); // it wants no answers, and without them there is nothing to do here
      return;
    }
    if (this.#phase === "expected" && message.kind !== Read.REQUEST_HEADERS) {
      throw new Unexpected("a stream begins with request_headers: the gateway's request_header_mode must be SEND");
    }
    switch (message.kind) {
      case Read.REQUEST_HEADERS:
        this.#takeRequestHeaders(message);
        break;
      case Read.REQUEST_BODY:
        this.#takeRequestBody(message);
        break;
      case Read.REQUEST_TRAILERS:
        this.#takeRequestTrailers();
        break;
      case Read.RESPONSE_HEADERS:
        this.#takeResponseHeaders(message);
        break;
      case Read.RESPONSE_BODY:
        this.#takeResponseBody(message.body, message.end);
        break;
      case Read.RESPONSE_TRAILERS:
        this.#takeResponseTrailers();
        break;
      default:
        throw new Unexpected("a message has no headers, body or trailers");
    }
  }

  #takeRequestHeaders(message: ProcessingRequest): void {
    if (this.#phase !== "expected") throw new Unexpected("a second request_headers on one stream");
    this.#phase = "reading";
    this.#requestMode = message.requestMode ?? this.#requestMode;
    this.#responseMode = message.responseMode ?? this.#responseMode;
    this.#headers = message.headers!;
    this.#stream = this.#begin();
    this.#restrict(message.subset);
    const status = this.#stream.beginRequest(this.#headers, message.end);
    if (this.#answered()) return;
    if (message.end) {
      this.#settle(status === HeadersStatus.continue);
    } else if (this.#buffers()) {
      // The gateway sends the body when its headers have been answered, and takes headers with the body's answer.
      this.#call.writeFramed(Write.writeAnswer(Write.REQUEST_HEADERS, { headers: this.#changes() }));
      this.#headersSent = true;
      this.#waits = Write.REQUEST_BODY;
    } else if (this.#requestMode !== Read.MODE_FULL_DUPLEX_STREAMED) {
      // No body comes, or too late for the destination: what is known without it has to do.
      this.#settle(this.#stream.onRequestTrailers() === HeadersStatus.continue);
    }
  }

  #restrict(subset: string | undefined): void {
    const steered = this.#settings.steered ? this.#headers.get(STEERING_HEADER) : undefined;
    const among = steered || (this.#settings.subsets ? subset : undefined);
    if (among !== undefined) this.#stream.properties.set(SUBSET_PROPERTY, among);
  }

  #buffers(): boolean {
    return this.#requestMode === Read.MODE_BUFFERED || this.#requestMode === Read.MODE_BUFFERED_PARTIAL;
  }

  #takeRequestBody({ body, end }: ProcessingRequest): void {
    if (this.#overtaken) return;
    if (this.#requestMode === Read.MODE_STREAMED) {
      this.#call.writeFramed(Write.writeAnswer(Write.REQUEST_BODY, {}));
      return;
    }
    if (this.#phase !== "reading" || this.#requestMode === Read.MODE_NONE) {
      throw new Unexpected("request_body where none was to come");
    }
    this.#bodyCame = true;
    const whole = end || this.#buffers();
    const status = this.#stream.onRequestBody(body, whole);
    const { passed } = this.#stream;
    if (passed !== body) this.#edited = true;
    if (passed.length > 0) this.#pieces.push(passed);
    if (whole && !this.#answered()) this.#settle(status === DataStatus.continue);
  }

  #takeRequestTrailers(): void {
    if (this.#overtaken) return;
    if (this.#phase === "reading" && !this.#buffers()) {
      this.#hasTrailers = true;
      const status = this.#stream.onRequestTrailers();
      if (!this.#answered()) this.#settle(status === HeadersStatus.continue);
      return;
    }
    this.#call.writeFramed(Write.writeTrailers(Write.REQUEST_TRAILERS));
  }

  /** The filter has made up its mind, or lets the request wait. */
  #settle(goesOn: boolean): void {
    if (goesOn) {
      this.#sendDecision();
      return;
    }
    this.#phase = "held";
    this.#stream.heldListener = {
      continued: () => this.#sendDecision(),
      answered: () => this.#answered(),
    };
  }

  #sendDecision(): void {
    if (this.#phase === "over" || this.#phase === "decided") return;
    this.#phase = "decided";
    this.#stream.heldListener = undefined;
    const decision = decisionOf(this.#stream, this.#headers, this.#settings);
    this.#picked = decision.addresses;
    const headers = this.#changes(decision);
    const { destination } = decision;
    if (this.#waits === Write.REQUEST_BODY) this.#sendBuffered(headers, destination);
    else this.#sendStreamed(headers, destination);
  }

  #sendBuffered(headers: Map<string, string | undefined>, destination: Write.Destination | undefined): void {
    const body = this.#edited ? Buffer.concat(this.#pieces) : undefined;
    if (body !== undefined) headers.set(CONTENT_LENGTH, String(body.length));
    this.#pieces.length = 0;
    this.#call.writeFramed(Write.writeAnswer(Write.REQUEST_BODY, { headers, body, destination, reroute: true }));
  }

  #sendStreamed(headers: Map<string, string | undefined>, destination: Write.Destination | undefined): void {
    const bytes = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    const streams = this.#requestMode === Read.MODE_FULL_DUPLEX_STREAMED;
    if (bytes > 0 && !this.#hasTrailers) headers.set(CONTENT_LENGTH, String(bytes));
    this.#call.writeFramed(Write.writeAnswer(Write.REQUEST_HEADERS, { headers, destination, reroute: true }));
    this.#headersSent = true;
    if (this.#bodyCame && this.#pieces.length === 0) this.#pieces.push(NOTHING);
    this.#passPieces(Write.REQUEST_BODY, this.#pieces.splice(0), !this.#hasTrailers);
    if (this.#hasTrailers && streams) this.#call.writeFramed(Write.writeTrailers(Write.REQUEST_TRAILERS));
  }

  #passPieces(kind: number, pieces: readonly Uint8Array[], ends: boolean): void {
    for (const [index, piece] of pieces.entries()) {
      const last = ends && index === pieces.length - 1;
      let from = 0;
      for (; piece.length - from > PIECE_BYTES; from += PIECE_BYTES) {
        this.#call.writeFramed(Write.writePiece(kind, piece.subarray(from, from + PIECE_BYTES), false));
      }
      this.#call.writeFramed(Write.writePiece(kind, piece.subarray(from), last));
    }
  }

  // What the filter has changed in the headers, and what a decision adds. The body's length is the gateway's to tell.
  #changes(decision?: Decision): Map<string, string | undefined> {
    const changes = new Map(this.#headersSent ? [] : this.#headers.changes);
    changes.delete(CONTENT_LENGTH);
    if (decision !== undefined) for (const [name, value] of decision.headers) changes.set(name, value);
    return changes;
  }

  /** Sends on what the filter has answered; whether it has. */
  #answered(): boolean {
    const response = this.#stream.localResponse;
    if (response === undefined || this.#phase === "over") return response !== undefined;
    this.#phase = "over";
    this.#stream.heldListener = undefined;
    this.#call.writeFramed(Write.writeImmediate(response));
    this.#call.end();
    // Not now: the filter may be in the middle of something else.
    queueMicrotask(() => {
      if (!this.#closed) this.#stream.onResponseHeaders(undefined, [[":status", String(response.status)]], true);
      this.#close();
    });
    return true;
  }

  #takeResponseHeaders({ headers, served, end }: ProcessingRequest): void {
    this.#overtaken = this.#phase !== "decided";
    this.#phase = "decided";
    this.#stream.heldListener = undefined;
    const from = served ?? this.#picked.split(",", 1)[0];
    const last = end || this.#responseMode === Read.MODE_NONE;
    this.#stream.beginResponse(from === "" ? undefined : from, headers!, last);
    const changes = new Map(headers!.changes);
    if (this.#settings.steered) changes.set(SERVED_HEADER, served ?? "fail: the gateway does not tell who served");
    this.#call.writeFramed(Write.writeAnswer(Write.RESPONSE_HEADERS, { headers: changes }));
  }

  #takeResponseBody(body: Uint8Array, end: boolean): void {
    const whole = end || this.#responseMode === Read.MODE_BUFFERED;
    this.#stream.onResponseBody(body, whole);
    const { passed } = this.#stream;
    if (this.#responseMode === Read.MODE_FULL_DUPLEX_STREAMED) {
      if (passed.length > 0 || end) this.#passPieces(Write.RESPONSE_BODY, [passed], end);
      return;
    }
    this.#call.writeFramed(Write.writeAnswer(Write.RESPONSE_BODY, passed === body ? {} : { body: passed }));
  }

  #takeResponseTrailers(): void {
    this.#stream.onResponseBody(NOTHING, true);
    const { passed } = this.#stream;
    if (this.#responseMode === Read.MODE_FULL_DUPLEX_STREAMED && passed.length > 0) {
      this.#passPieces(Write.RESPONSE_BODY, [passed], false);
    }
    this.#call.writeFramed(Write.writeTrailers(Write.RESPONSE_TRAILERS));
  }

  /** The gateway has no more to say: nor has this side. */
  #end(): void {
    this.#close();
    this.#call.end();
  }

  #close(): void {
    this.#phase = "over";
    if (this.#closed) return;
    this.#closed = true;
    if (this.#stream !== undefined) {
      this.#stream.heldListener = undefined;
      this.#stream.close();
    }
    this.#ended();
  }
}
