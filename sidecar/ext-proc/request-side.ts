import type { GrpcCall } from "../grpc/call.ts";
import { DataStatus, HeadersStatus } from "../wasm-host/abi.ts";
import type { FilterStream } from "../wasm-host/stream.ts";
import { type Decision, decisionOf } from "./decision.ts";
import type { PairBlock } from "./pair-block.ts";
import * as Read from "./read-request.ts";
import type { ExtProcSettings } from "./settings.ts";
import { Unexpected } from "./unexpected.ts";
import { writePieces } from "./write-pieces.ts";
import * as Write from "./write-response.ts";

const NOTHING = new Uint8Array();
const CONTENT_LENGTH = "content-length";

const SUBSET_PROPERTY = "metadata\0filter_metadata\0envoy.lb.subset_hint\0x-gateway-destination-endpoint-subset";
const STEERING_HEADER = "test-epp-endpoint-selection";

/**
 * What has become of the request. Overtaken: the gateway has answered in the place of an endpoint before there was a
 * decision, and what is still to come was on its way before.
 */
type Phase = "reading" | "held" | "decided" | "overtaken";

/** Where a request goes between. */
export interface RequestEnds {
  readonly call: GrpcCall;
  readonly stream: FilterStream;
  readonly settings: ExtProcSettings;
  /** Sends on what the filter has answered in the request's place; whether it has. */
  readonly answered: () => boolean;
}

/** One HTTP request, on its way from the gateway to the filter and, with the decision, back. */
export class RequestSide {
  readonly #call: GrpcCall;
  readonly #stream: FilterStream;
  readonly #settings: ExtProcSettings;
  readonly #answered: () => boolean;
  readonly #headers: PairBlock;
  readonly #mode: number;
  #phase: Phase = "reading";
  /** Of a body that passes through here: what the filter has left of it so far. */
  readonly #pieces: Uint8Array[] = [];
  #bodyCame = false;
  #edited = false;
  #hasTrailers = false;
  /** Whether the headers have been answered, and what the message that waits for the decision is about. */
  #headersSent = false;
  #waits = Write.REQUEST_HEADERS;
  #picked = "";

  /** @param mode MODE_ of the request's body. */
  constructor({ call, stream, settings, answered }: RequestEnds, headers: PairBlock, mode: number) {
    this.#call = call;
    this.#stream = stream;
    this.#settings = settings;
    this.#answered = answered;
    this.#headers = headers;
    this.#mode = mode;
  }

  /** Addresses of the decision, with commas; empty where there is none, or nothing was picked. */
  get picked(): string {
    return this.#picked;
  }

  /** The headers' message: the first. */
  begin({ end, subset }: Read.ProcessingRequest): void {
    this.#restrict(subset);
    const status = this.#stream.beginRequest(this.#headers, end);
    if (this.#answered()) return;
    if (end) {
      this.#settle(status === HeadersStatus.continue);
    } else if (this.#buffers()) {
      // The gateway sends the body when its headers have been answered, and takes headers with the body's answer.
      this.#call.writeFramed(Write.writeAnswer(Write.REQUEST_HEADERS, { headers: this.#changes() }));
      this.#headersSent = true;
      this.#waits = Write.REQUEST_BODY;
    } else if (this.#mode !== Read.MODE_FULL_DUPLEX_STREAMED) {
      // No body comes, or too late for the destination: what is known without it has to do.
      this.#endByTrailers();
    }
  }

  takeBody({ body, end }: Read.ProcessingRequest): void {
    if (this.#phase === "overtaken") return;
    if (this.#mode === Read.MODE_STREAMED) {
      this.#call.writeFramed(Write.writeAnswer(Write.REQUEST_BODY, {}));
      return;
    }
    if (this.#phase !== "reading" || this.#mode === Read.MODE_NONE) {
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

  takeTrailers(): void {
    if (this.#phase === "overtaken") return;
    if (this.#phase === "reading" && !this.#buffers()) {
      this.#hasTrailers = true;
      this.#endByTrailers();
      return;
    }
    this.#call.writeFramed(Write.writeTrailers(Write.REQUEST_TRAILERS));
  }

  /** The gateway has an answer. */
  overtake(): void {
    if (this.#phase !== "decided") this.#phase = "overtaken";
    this.#stream.heldListener = undefined;
  }

  #restrict(subset: string | undefined): void {
    const steered = this.#settings.steered ? this.#headers.get(STEERING_HEADER) : undefined;
    const among = steered || (this.#settings.subsets ? subset : undefined);
    if (among !== undefined) this.#stream.properties.set(SUBSET_PROPERTY, among);
  }

  #buffers(): boolean {
    return this.#mode === Read.MODE_BUFFERED || this.#mode === Read.MODE_BUFFERED_PARTIAL;
  }

  #endByTrailers(): void {
    const status = this.#stream.onRequestTrailers();
    if (!this.#answered()) this.#settle(status === HeadersStatus.continue);
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
    if (this.#phase === "decided") return;
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
    const streams = this.#mode === Read.MODE_FULL_DUPLEX_STREAMED;
    if (bytes > 0 && !this.#hasTrailers) headers.set(CONTENT_LENGTH, String(bytes));
    this.#call.writeFramed(Write.writeAnswer(Write.REQUEST_HEADERS, { headers, destination, reroute: true }));
    this.#headersSent = true;
    if (this.#bodyCame && this.#pieces.length === 0) this.#pieces.push(NOTHING);
    writePieces(this.#call, Write.REQUEST_BODY, this.#pieces.splice(0), !this.#hasTrailers);
    if (this.#hasTrailers && streams) this.#call.writeFramed(Write.writeTrailers(Write.REQUEST_TRAILERS));
  }

  // What the filter has changed in the headers, and what a decision adds. The body's length is the gateway's to tell.
  #changes(decision?: Decision): Map<string, string | undefined> {
    const changes = new Map(this.#headersSent ? [] : this.#headers.changes);
    changes.delete(CONTENT_LENGTH);
    if (decision !== undefined) for (const [name, value] of decision.headers) changes.set(name, value);
    return changes;
  }
}
