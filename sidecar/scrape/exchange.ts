// One request for an exposition and its answer, over a connection that may be kept for the next one.

import type { Dispatcher } from "undici";
import type { Clock } from "../support/clock.ts";
import { Link } from "./link.ts";
import type { Outcome } from "./report.ts";
import type { SignalReaders } from "./signal-readers.ts";
import type { SignalReader, Signals } from "./signals.ts";

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
  /** Whether a connection is kept from one exchange to the next. */
  readonly keepConnection: boolean;
  /** Shared by all exchanges. */
  readonly readers: SignalReaders;
}

function failureOf(error: NodeJS.ErrnoException): ExchangeResult {
  const code = error.code ?? "";
  const reason = error.message || code || error.name;
  if (error.name === "HTTPParserError") return { outcome: "unusable", reason: `the answer is not HTTP: ${reason}` };
  if (code === "UND_ERR_HEADERS_OVERFLOW") return { outcome: "too_large", reason };
  return { outcome: "connect", reason };
}

/** What one run sees of the answer. Undici may still call it when the run is over; then nothing listens. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #engine: number;
  readonly #options: ExchangeOptions;
  readonly #done: (result: ExchangeResult) => void;
  readonly #cancelTimeout: () => void;
  /** From the headers of a good answer on. */
  #reader: SignalReader | undefined;
  /** Non-zero once headers came. */
  #status = 0;
  #at = 0;
  #bytes = 0;
  #over = false;

  constructor(engine: number, options: ExchangeOptions, done: (result: ExchangeResult) => void) {
    this.#engine = engine;
    this.#options = options;
    this.#done = done;
    const { clock, timeout } = options;
    this.#cancelTimeout = clock.after(timeout, () => {
      const seen = this.#status === 0 ? "no answer" : "no complete answer";
      this.#settle({ outcome: "timeout", reason: `${seen} within ${timeout} ms` });
    });
  }

  /** Calls nobody back any more. */
  end(): void {
    this.#over = true;
    this.#cancelTimeout();
    if (this.#reader !== undefined) this.#options.readers.give(this.#engine, this.#reader);
    this.#reader = undefined;
  }

  onRequestStart(): void {
    // Called when the request goes onto an open connection, again where it has to go onto another one. The state
    // that the answer shows is no older than this moment, and may be as old: any later time would show it as newer
    // than is known, and would hide requests sent meanwhile from whoever counts them since the sample.
    this.#at = this.#options.clock.now();
    this.#bytes = 0;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    if (this.#over) return;
    this.#status = status;
    if (status !== 200) return;
    this.#reader ??= this.#options.readers.take(this.#engine);
    this.#reader.begin();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    const { maxBytes } = this.#options;
    this.#bytes += chunk.length;
    if (this.#bytes > maxBytes) {
      this.#settle({ outcome: "too_large", reason: `the answer is larger than ${maxBytes} bytes` });
    } else {
      this.#reader?.write(chunk);
    }
  }

  onResponseEnd(): void {
    if (this.#over) return;
    if (this.#reader === undefined) {
      this.#settle({ outcome: "status", reason: `answered ${this.#status}` });
      return;
    }
    const reading = this.#reader.finish();
    if ("signals" in reading) this.#settle({ outcome: "ok", signals: reading.signals, at: this.#at });
    else this.#settle({ outcome: "unusable", reason: reading.unusable });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#over) this.#settle(failureOf(error));
  }

  #settle(result: ExchangeResult): void {
    this.end();
    this.#done(result);
  }
}

/** Exchanges with an endpoint on at most one connection. Between two that is all it holds, where it is kept at all. */
export class HttpExchange implements Exchange {
  readonly #metricsUrl: string;
  readonly #engine: number;
  readonly #options: ExchangeOptions;
  #link: Link | undefined;
  #answer: Answer | undefined;

  /**
   * @param engine one of the ENGINE_ constants.
   * @throws TypeError where the URL is malformed.
   */
  constructor(metricsUrl: string, engine: number, options: ExchangeOptions) {
    if (!URL.canParse(metricsUrl)) throw new TypeError(`${metricsUrl} is no URL`);
    this.#metricsUrl = metricsUrl;
    this.#engine = engine;
    this.#options = options;
  }

  run(done: (result: ExchangeResult) => void): void {
    const { verifyTls, keepConnection } = this.#options;
    this.#answer = new Answer(this.#engine, this.#options, (result) => {
      this.#answer = undefined;
      // A connection in the middle of an answer is of no more use.
      const isBroken = result.outcome === "timeout" || result.outcome === "too_large";
      if (isBroken || !keepConnection) void this.#disconnect();
      done(result);
    });
    this.#link ??= new Link(this.#metricsUrl, verifyTls);
    this.#link.send(this.#answer, !keepConnection);
  }

  close(): Promise<void> {
    this.#answer?.end();
    this.#answer = undefined;
    return this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.close();
  }
}
