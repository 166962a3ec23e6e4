import type { GrpcCall } from "../grpc/call.ts";
import type { FilterStream } from "../wasm-host/stream.ts";
import { MODE_BUFFERED, MODE_FULL_DUPLEX_STREAMED, MODE_NONE, type ProcessingRequest } from "./read-request.ts";
import type { ExtProcSettings } from "./settings.ts";
import { writePieces } from "./write-pieces.ts";
import * as Write from "./write-response.ts";

const NOTHING = new Uint8Array();
const SERVED_HEADER = "x-conformance-test-served-endpoint";

/** The answer of one HTTP request, on its way from the gateway to the filter and back. */
export class ResponseSide {
  readonly #call: GrpcCall;
  readonly #stream: FilterStream;
  readonly #settings: ExtProcSettings;
  readonly #mode: number;

  /** @param mode MODE_ of the answer's body. */
  constructor(call: GrpcCall, stream: FilterStream, settings: ExtProcSettings, mode: number) {
    this.#call = call;
    this.#stream = stream;
    this.#settings = settings;
    this.#mode = mode;
  }

  /** @param picked addresses of the decision: the first serves where the gateway does not tell. */
  takeHeaders({ headers, served, end }: ProcessingRequest, picked: string): void {
    const from = served ?? picked.split(",", 1)[0];
    this.#stream.beginResponse(from === "" ? undefined : from, headers!, end || this.#mode === MODE_NONE);
    const changes = new Map(headers!.changes);
    if (this.#settings.steered) changes.set(SERVED_HEADER, served ?? "fail: the gateway does not tell who served");
    this.#call.writeFramed(Write.writeAnswer(Write.RESPONSE_HEADERS, { headers: changes }));
  }

  takeBody({ body, end }: ProcessingRequest): void {
    this.#stream.onResponseBody(body, end || this.#mode === MODE_BUFFERED);
    const { passed } = this.#stream;
    if (this.#mode === MODE_FULL_DUPLEX_STREAMED) {
      if (passed.length > 0 || end) writePieces(this.#call, Write.RESPONSE_BODY, [passed], end);
      return;
    }
    this.#call.writeFramed(Write.writeAnswer(Write.RESPONSE_BODY, passed === body ? {} : { body: passed }));
  }

  takeTrailers(): void {
    this.#stream.onResponseBody(NOTHING, true);
    const { passed } = this.#stream;
    if (this.#mode === MODE_FULL_DUPLEX_STREAMED && passed.length > 0) {
      writePieces(this.#call, Write.RESPONSE_BODY, [passed], false);
    }
    this.#call.writeFramed(Write.writeTrailers(Write.RESPONSE_TRAILERS));
  }
}
