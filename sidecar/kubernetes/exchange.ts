// One HTTP request to an API server and its answer.

import type { Dispatcher } from "undici";
import type { Clock } from "../support/clock.ts";
import { ConnectionError } from "./errors.ts";

/** An answer's body as it comes. */
export interface BodySink {
  /** An answer 200 has begun. */
  open(): void;
  /** Called in the turn in which the bytes are read. False: no more is wanted. */
  data(chunk: Buffer): boolean;
}

export interface ExchangeOptions {
  readonly clock: Clock;
  /** Milliseconds from sending, which includes connecting, to the answer's headers. */
  readonly headersTimeout: number;
  /** Milliseconds for which an answer's body may say nothing. */
  readonly silenceTimeout: number;
  /** Of a body that is kept. */
  readonly maxBytes: number;
  /** Breaks off. */
  readonly signal?: AbortSignal | undefined;
  /** Takes the body of an answer 200, which is then not kept. */
  readonly sink?: BodySink | undefined;
}

/** An answer of any status. */
export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Empty where a sink took it. */
  readonly body: Buffer;
}

interface Settled {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** What one exchange sees of its answer. Undici may still call it when the exchange is over; then nothing happens. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: ExchangeOptions;
  readonly #settled: Settled;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #retryAfter: string | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #lastByteAt = 0;
  #over = false;
  #cancelTimer: () => void;

  constructor(options: ExchangeOptions, settled: Settled) {
    this.#options = options;
    this.#settled = settled;
    const { clock, headersTimeout, signal } = options;
    this.#cancelTimer = clock.after(headersTimeout, () => {
      this.fail(new ConnectionError("timeout", `no answer within ${headersTimeout / 1000} s`));
    });
    signal?.addEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = (): void => this.fail(new ConnectionError("connection", "broken off"));

  /** Ends the exchange, and its connection with it. */
  fail(error: Error): void {
    if (!this.#end()) return;
    this.#controller?.abort(error);
    this.#settled.reject(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new ConnectionError("connection", "broken off"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#over || status < 200) return;
    this.#status = status;
    this.#retryAfter = headers["retry-after"]?.toString();
    this.#cancelTimer();
    this.#lastByteAt = this.#options.clock.now();
    this.#listenForSilence(this.#options.silenceTimeout);
    if (status === 200) this.#options.sink?.open();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    const { clock, sink, maxBytes } = this.#options;
    this.#lastByteAt = clock.now();
    if (sink !== undefined && this.#status === 200) {
      if (sink.data(chunk)) return;
      this.#succeed();
      this.#controller?.abort(new ConnectionError("connection", "enough"));
      return;
    }
    this.#bytes += chunk.length;
    if (this.#bytes > maxBytes) {
      this.fail(new ConnectionError("too_large", `the answer is larger than ${maxBytes} bytes`));
    } else {
      this.#chunks.push(chunk);
    }
  }

  onResponseEnd(): void {
    this.#succeed();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    // Several addresses that all refuse make an error without words of its own.
    this.fail(new ConnectionError("connection", error.message || error.code || error.name));
  }

  #succeed(): void {
    if (!this.#end()) return;
    this.#settled.resolve({ status: this.#status, retryAfter: this.#retryAfter, body: Buffer.concat(this.#chunks) });
  }

  /** False: it was over before. */
  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#cancelTimer();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    return true;
  }

  #listenForSilence(milliseconds: number): void {
    const { clock, silenceTimeout } = this.#options;
    this.#cancelTimer = clock.after(milliseconds, () => {
      // Looked at only now: a timer per chunk would cost more than the chunk.
      const left = this.#lastByteAt + silenceTimeout - clock.now();
      if (left > 0) this.#listenForSilence(left);
      else this.fail(new ConnectionError("silent", `nothing came for ${Math.round(silenceTimeout / 1000)} s`));
    });
  }
}

/**
 * Sends a request.
 * @returns its answer, whatever its status.
 * @throws ConnectionError where there is none, or no whole one.
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Pick<Dispatcher.DispatchOptions, "origin" | "path" | "method" | "body"> & {
    headers: Record<string, string>;
  },
  options: ExchangeOptions,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(new ConnectionError("connection", "broken off"));
      return;
    }
    const handler = new Exchange(options, { resolve, reject });
    try {
      // The timeouts here rule; undici's own would only add timers.
      dispatcher.dispatch({ ...request, headersTimeout: 0, bodyTimeout: 0 }, handler);
    } catch (error) {
      handler.fail(new ConnectionError("connection", (error as Error).message));
    }
  });
}
