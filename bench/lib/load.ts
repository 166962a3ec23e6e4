// A closed-loop HTTP/1.1 client on raw sockets: each connection sends its request again as soon as the answer is
// complete. It parses no more than status and length, and of chunked answers the end of the last chunk, so that on a
// small machine the gateway gets the cores.

import { connect, type Socket } from "node:net";

/** What one run has seen. Times in milliseconds. */
export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Answers other than 200, and connections that broke. */
  readonly errors: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** One run's target and shape. */
export interface LoadOptions {
  /** Name or address; 127.0.0.1 where left out. */
  readonly host?: string;
  readonly port: number;
  readonly path: string;
  readonly body: Uint8Array;
  readonly connections: number;
  readonly seconds: number;
}

/** The bytes of one POST. */
export function requestBytes(options: Pick<LoadOptions, "host" | "path" | "body">): Buffer {
  const head =
    `POST ${options.path} HTTP/1.1\r\nhost: ${options.host ?? "bench"}\r\ncontent-type: application/json\r\n` +
    `content-length: ${options.body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), options.body]);
}

/** Runs the load to its end. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const request = requestBytes(options);
  const latencies: number[] = [];
  let errors = 0;
  const began = performance.now();
  const until = began + options.seconds * 1000;
  await Promise.all(
    Array.from({ length: options.connections }, () =>
      runConnection(options, request, until, {
        answered: (milliseconds) => latencies.push(milliseconds),
        failed: () => {
          errors++;
        },
      }),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
  return {
    requests: latencies.length,
    seconds,
    requestsPerSecond: latencies.length / seconds,
    errors,
    p50: quantile(0.5),
    p90: quantile(0.9),
    p99: quantile(0.99),
  };
}

/** How a chunked body without trailers ends; an answer of a benchmark has it nowhere else. */
const LAST_CHUNK = "\r\n0\r\n\r\n";

interface Outcome {
  answered(milliseconds: number): void;
  failed(): void;
}

function runConnection(
  { host = "127.0.0.1", port }: LoadOptions,
  request: Buffer,
  until: number,
  outcome: Outcome,
): Promise<void> {
  return new Promise((resolve) => {
    let socket: Socket;
    let sentAt = 0;
    let pending = "";
    let missing = -1; // bytes of the body still to come; -1: in the head
    let tail: string | undefined; // the last bytes of a chunked answer
    const send = () => {
      if (performance.now() >= until) {
        socket.destroy();
        resolve();
        return;
      }
      pending = "";
      missing = -1;
      tail = undefined;
      sentAt = performance.now();
      socket.write(request);
    };
    const open = () => {
      socket = connect({ port, host, noDelay: true });
      socket.on("connect", send);
      socket.on("error", () => undefined); // "close" follows and says what to do
      socket.on("close", () => {
        if (performance.now() >= until) return resolve();
        outcome.failed();
        setTimeout(open, 10);
      });
      socket.on("data", (chunk) => {
        if (missing < 0) {
          pending += chunk.toString("latin1");
          const end = pending.indexOf("\r\n\r\n");
          if (end < 0) return;
          const length = /\r\n(?:content-length: (\d+)|transfer-encoding: chunked)/i.exec(pending.slice(0, end + 2));
          if (length !== null && length[1] === undefined) tail = pending.slice(end + 4).slice(-LAST_CHUNK.length);
          missing = Number(length?.[1] ?? 0) - (pending.length - end - 4);
        } else {
          missing -= chunk.length;
          if (tail !== undefined) tail = (tail + chunk.toString("latin1")).slice(-LAST_CHUNK.length);
        }
        if (tail !== undefined) missing = tail === LAST_CHUNK ? 0 : 1;
        if (missing > 0) return;
        if (pending.startsWith("HTTP/1.1 200")) outcome.answered(performance.now() - sentAt);
        else outcome.failed();
        send();
      });
    };
    open();
  });
}
