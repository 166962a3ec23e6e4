// One request for an exposition and its answer, over a connection that is kept.

import { isIP, connect as netConnect, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { type buildConnector, Client, type Dispatcher } from "undici";
import type { Clock } from "../support/clock.ts";
import type { Outcome } from "./report.ts";
import { SignalReader, type Signals } from "./signals.ts";

/** Signals and the moment they stand for, in the clock's milliseconds; or what went wrong. */
export type ExchangeResult =
  | { readonly outcome: "ok"; readonly signals: Signals; readonly at: number }
  | { readonly outcome: Exclude<Outcome, "ok">; readonly reason: string };

/** Gets signals from one endpoint, one at a time. */
export interface Exchange {
  /** Calls back once, unless closed before; never call again before it has. */
  run(done: (result: ExchangeResult) => void): void;
  /** Breaks off what is under way; resolves when no socket is left. */
  close(): Promise<void>;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  /** Milliseconds for the whole exchange, connecting included. */
  readonly timeout: number;
  /** Largest body. */
  readonly maxBytes: number;
  /** Whether an https endpoint's certificate is checked. */
  readonly verifyTls: boolean;
}

const HEADERS = ["accept", "text/plain;version=0.0.4", "accept-encoding", "identity", "user-agent", "inline-epp"];

function failureOf(error: NodeJS.ErrnoException): ExchangeResult {
  const code = error.code ?? "";
  const reason = error.message || code || error.name;
  if (error.name === "HTTPParserError") return { outcome: "unusable", reason: `the answer is not HTTP: ${reason}` };
  if (code === "UND_ERR_HEADERS_OVERFLOW") return { outcome: "too_large", reason };
  return { outcome: "connect", reason };
}

/** What one run sees of the answer. Undici may still call it when the run is over; then nothing listens. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #clock: Clock;
  readonly #reader: SignalReader;
  readonly #maxBytes: number;
  readonly #settle: (result: ExchangeResult) => void;
  /** Non-zero once headers came. */
  status = 0;
  #at = 0;
  #bytes = 0;
  over = false;

  constructor(clock: Clock, reader: SignalReader, maxBytes: number, settle: (result: ExchangeResult) => void) {
    this.#clock = clock;
    this.#reader = reader;
    this.#maxBytes = maxBytes;
    this.#settle = settle;
  }

  onRequestStart(): void {
    // Called when the request goes onto an open connection, again where it has to go onto another one. The state
    // that the answer shows is no older than this moment, and may be as old: any later time would show it as newer
    // than is known, and would hide requests sent meanwhile from whoever counts them since the sample.
    this.#at = this.#clock.now();
    this.#bytes = 0;
    this.#reader.begin();
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.status = status;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      this.#settle({ outcome: "too_large", reason: `the answer is larger than ${this.#maxBytes} bytes` });
    } else if (this.status === 200) {
      this.#reader.write(chunk);
    }
  }

  onResponseEnd(): void {
    if (this.over) return;
    if (this.status !== 200) {
      this.#settle({ outcome: "status", reason: `answered ${this.status}` });
      return;
    }
    const reading = this.#reader.finish();
    if ("signals" in reading) this.#settle({ outcome: "ok", signals: reading.signals, at: this.#at });
    else this.#settle({ outcome: "unusable", reason: reading.unusable });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.over) this.#settle(failureOf(error));
  }
}

/** Exchanges with an endpoint over HTTP/1.1, in clear or TLS, on at most one connection. */
export class HttpExchange implements Exchange {
  readonly #url: URL;
  readonly #options: ExchangeOptions;
  readonly #reader: SignalReader;
  #client: Client | undefined;
  #socket: Socket | undefined;
  #answer: Answer | undefined;
  #cancelTimeout: () => void = () => undefined;

  /** @throws RangeError where the engine is unknown, TypeError where the URL is malformed. */
  constructor(metricsUrl: string, engine: number, options: ExchangeOptions) {
    this.#url = new URL(metricsUrl);
    this.#options = options;
    this.#reader = new SignalReader(engine);
  }

  run(done: (result: ExchangeResult) => void): void {
    const { clock, timeout, maxBytes } = this.#options;
    const settle = (result: ExchangeResult): void => {
      answer.over = true;
      this.#answer = undefined;
      this.#cancelTimeout();
      // A connection in the middle of an answer is of no more use.
      if (result.outcome === "timeout" || result.outcome === "too_large") void this.#disconnect();
      done(result);
    };
    const answer = new Answer(clock, this.#reader, maxBytes, settle);
    this.#answer = answer;
    this.#cancelTimeout = clock.after(timeout, () => {
      const seen = answer.status === 0 ? "no answer" : "no complete answer";
      settle({ outcome: "timeout", reason: `${seen} within ${timeout} ms` });
    });
    this.#client ??= this.#connected();
    this.#client.dispatch(
      { method: "GET", path: `${this.#url.pathname}${this.#url.search}`, headers: HEADERS },
      answer,
    );
  }

  close(): Promise<void> {
    if (this.#answer) this.#answer.over = true;
    this.#answer = undefined;
    this.#cancelTimeout();
    return this.#disconnect();
  }

  #connected(): Client {
    return new Client(this.#url.origin, {
      connect: (_, callback) => this.#connect(callback),
      pipelining: 1,
      // The timeout of the whole exchange rules; undici's own would only add timers.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Undici's own connector would leave a socket that is still connecting when the client is destroyed. */
  #connect(callback: buildConnector.Callback): void {
    const secure = this.#url.protocol === "https:";
    const host = this.#url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(this.#url.port) || (secure ? 443 : 80);
    const socket = secure
      ? tlsConnect({
          host,
          port,
          // An address is no server name (RFC 6066, section 3).
          servername: isIP(host) === 0 ? host : "",
          rejectUnauthorized: this.#options.verifyTls,
          ALPNProtocols: ["http/1.1"],
        })
      : netConnect({ host, port });
    socket.setNoDelay(true);
    this.#socket = socket;
    const fail = (error: Error): void => callback(error, null);
    socket.once("error", fail);
    socket.once(secure ? "secureConnect" : "connect", () => {
      socket.off("error", fail);
      callback(null, socket);
    });
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    const socket = this.#socket;
    this.#client = undefined;
    this.#socket = undefined;
    // Destroyed first: a client whose connecting socket fails would otherwise report it as its own error.
    const gone = client?.destroy();
    socket?.destroy();
    await gone;
  }
}
