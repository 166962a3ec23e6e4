// Requests to one API server.

import type { Clock } from "../support/clock.ts";
import type { Credentials, Pass } from "./credentials.ts";
import { ConnectionError, errorOfAnswer } from "./errors.ts";
import { type Answer, type BodySink, exchange } from "./exchange.ts";

/**
 * Milliseconds for credentials to be had, from sending a request to the answer's headers, and between two pieces of a
 * body that is kept.
 */
const ANSWER_TIMEOUT = 30_000;
/** Of an answer: 500 objects of the largest size that etcd takes would be six times as much, but none is like that. */
const MAX_BYTES = 128 << 20;

/** How a watch's answer is read. */
export interface StreamOptions {
  readonly sink: BodySink;
  /** Milliseconds for which it may say nothing. */
  readonly silenceTimeout: number;
  readonly signal: AbortSignal;
}

interface Sending {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly stream?: StreamOptions;
}

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new ConnectionError("garbage", "the answer is not JSON");
  }
}

/** What a promise comes to, unless it takes too long or is broken off before. */
function inTime(promise: Promise<Pass>, clock: Clock, signal: AbortSignal | undefined): Promise<Pass> {
  const { promise: first, resolve, reject } = Promise.withResolvers<Pass>();
  const onAbort = (): void => reject(new ConnectionError("connection", "broken off"));
  const cancel = clock.after(ANSWER_TIMEOUT, () => {
    reject(new ConnectionError("credentials", `no credentials within ${ANSWER_TIMEOUT / 1000} s`));
  });
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort);
  promise.then(resolve, reject);
  return first.finally(() => {
    cancel();
    signal?.removeEventListener("abort", onAbort);
  });
}

/** Sends requests with the credentials of the moment. */
export class Connection {
  readonly #credentials: Credentials;
  readonly #clock: Clock;

  constructor(credentials: Credentials, clock: Clock) {
    this.#credentials = credentials;
    this.#clock = clock;
  }

  /** URL of the API server. */
  get server(): string {
    return this.#credentials.server;
  }

  /** The namespace that the configuration names, in a pod its own; else `default`. */
  get namespace(): string {
    return this.#credentials.namespace;
  }

  /**
   * Gets JSON.
   * @throws ApiError where the answer is not 2xx, ConnectionError where there is no whole one or no JSON.
   */
  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    return parseBody((await this.#send({ method: "GET", path, signal })).body);
  }

  /**
   * Sends an object as JSON, for instance a TokenReview, and gives the one in the answer. Errors as of `get`. A request
   * whose answer is lost is not sent again: whoever asks knows whether it may be.
   */
  async post(path: string, body: unknown, signal?: AbortSignal): Promise<unknown> {
    return parseBody((await this.#send({ method: "POST", path, body, signal })).body);
  }

  /** Reads an answer as it comes; resolves when it is over. Errors as of `get`. */
  async stream(path: string, stream: StreamOptions): Promise<void> {
    await this.#send({ method: "GET", path, signal: stream.signal, stream });
  }

  /** Breaks off what is under way; resolves when no connection is left. */
  close(): Promise<void> {
    return this.#credentials.close();
  }

  async #send(sending: Sending): Promise<Answer> {
    const signal = sending.signal;
    let pass = await inTime(this.#credentials.take(), this.#clock, signal);
    let answer = await this.#exchange(sending, pass);
    if (answer.status === 401) {
      // A token may have been replaced a moment ago, and KubeConfig keeps what it read for a minute.
      this.#credentials.renew(pass.generation);
      pass = await inTime(this.#credentials.take(), this.#clock, signal);
      answer = await this.#exchange(sending, pass);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw errorOfAnswer(answer.status, answer.body, answer.retryAfter);
  }

  #exchange({ method, path, body, signal, stream }: Sending, { headers, dispatcher }: Pass): Promise<Answer> {
    const { origin, pathname } = new URL(this.server);
    const common = { accept: "application/json", "user-agent": "inline-epp", ...headers };
    const request = {
      origin,
      path: `${pathname.replace(/\/$/, "")}${path}`,
      method,
      body: body === undefined ? null : JSON.stringify(body),
      headers: body === undefined ? common : { ...common, "content-type": "application/json" },
    };
    return exchange(dispatcher, request, {
      clock: this.#clock,
      headersTimeout: ANSWER_TIMEOUT,
      silenceTimeout: stream?.silenceTimeout ?? ANSWER_TIMEOUT,
      maxBytes: MAX_BYTES,
      signal,
      sink: stream?.sink,
    });
  }
}
