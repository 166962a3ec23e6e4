import { DataStatus } from "./abi.ts";
import { type HeaderAccess, MapAccess } from "./header-access.ts";
import type { FilterVm } from "./vm.ts";

const NOTHING = new Uint8Array();

/** A reply that the filter made itself. */
export interface LocalResponse {
  readonly status: number;
  readonly details: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Hears of what the filter does with a held request outside of the request's own callbacks; it must not call back. */
export interface HeldListener {
  /** The request goes on. */
  continued(): void;
  /** The filter has answered it. */
  answered(): void;
}

/**
 * One HTTP stream through the filter: the caller plays the gateway and calls the callbacks in order. Statuses are
 * those of abi.ts.
 */
export class FilterStream {
  readonly id: number;
  readonly #vm: FilterVm;
  #held: Uint8Array = NOTHING;
  /** Request headers, names in lower case; undefined before they came, and where they are kept otherwise. */
  headers: Map<string, string> | undefined;
  /** Response headers, likewise. */
  responseHeaders: Map<string, string> | undefined;
  /** The same as the filter's calls act on them. */
  requestAccess: HeaderAccess | undefined;
  responseAccess: HeaderAccess | undefined;
  /** Filter state that the filter has set, by name without the `wasm.` prefix. */
  readonly state = new Map<string, string>();
  /** Stream properties that the filter may read, such as "upstream\0address". */
  readonly properties = new Map<string, string>();
  localResponse: LocalResponse | undefined;
  /** What the last callback for a piece of body left of the piece. */
  passed: Uint8Array = NOTHING;
  /** Whether the filter has let a held request go. */
  continued = false;
  /** Set while the request is held. */
  heldListener: HeldListener | undefined;

  constructor(vm: FilterVm, id: number) {
    this.#vm = vm;
    this.id = id;
  }

  /** The request's headers. */
  onRequestHeaders(headers: Iterable<readonly [string, string]>, end: boolean): number {
    this.headers = new Map(headers);
    return this.beginRequest(new MapAccess(this.headers), end);
  }

  /** The request's headers, kept by the caller. */
  beginRequest(headers: HeaderAccess, end: boolean): number {
    this.requestAccess = headers;
    return this.#vm.exports.proxy_on_request_headers(this.id, 0, end ? 1 : 0);
  }

  /** A piece of the request's body. As in Envoy, a filter that holds the body sees all of it again with each piece. */
  onRequestBody(piece: Uint8Array, end: boolean): number {
    const body = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece]);
    this.#vm.buffer = body;
    const status = this.#vm.exports.proxy_on_request_body(this.id, body.length, end ? 1 : 0);
    this.passed = this.#vm.buffer;
    this.#vm.buffer = undefined;
    this.#held = status === DataStatus.stopIterationAndBuffer ? this.passed : NOTHING;
    return status;
  }

  onRequestTrailers(): number {
    this.#vm.buffer = this.#held;
    const status = this.#vm.exports.proxy_on_request_trailers(this.id, 0);
    this.passed = this.#vm.buffer;
    this.#vm.buffer = undefined;
    return status;
  }

  /**
   * The answer's headers; `upstream` is the address that serves, undefined for a reply of the gateway's own. `end`:
   * the answer has no body.
   */
  onResponseHeaders(
    upstream: string | undefined,
    headers: Iterable<readonly [string, string]> = [],
    end = false,
  ): number {
    this.responseHeaders = new Map(headers);
    return this.beginResponse(upstream, new MapAccess(this.responseHeaders), end);
  }

  /** The answer's headers, kept by the caller. */
  beginResponse(upstream: string | undefined, headers: HeaderAccess, end: boolean): number {
    if (upstream === undefined) this.properties.delete("upstream\0address");
    else this.properties.set("upstream\0address", upstream);
    this.responseAccess = headers;
    return this.#vm.exports.proxy_on_response_headers(this.id, 0, end ? 1 : 0);
  }

  /** A piece of the answer's body. */
  onResponseBody(piece: Uint8Array, end: boolean): number {
    this.#vm.buffer = piece;
    const status = this.#vm.exports.proxy_on_response_body(this.id, piece.length, end ? 1 : 0);
    this.passed = this.#vm.buffer;
    this.#vm.buffer = undefined;
    return status;
  }

  /** The end of the stream, whatever way it ended. */
  close(): void {
    this.#vm.exports.proxy_on_delete(this.id);
    this.#vm.forget(this.id);
  }
}
