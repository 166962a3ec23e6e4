// Streamed completions and what their clients see of them.

import { Agent, request as httpRequest } from "node:http";

/** A text completion to ask for. */
export interface CompletionOptions {
  readonly prompt: string;
  /** Exactly so many (16 unless told). */
  readonly outputTokens?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Hangs up. */
  readonly signal?: AbortSignal;
}

/** An answer that was read to its end. */
export interface Completion {
  /** Name of the simulator that served. */
  readonly pod: string;
  /** Milliseconds from sending to the first token and to the end. */
  readonly firstTokenMs: number;
  readonly totalMs: number;
  /** What the model server's usage says. */
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

const agent = new Agent({ keepAlive: true });

/** The body of a streamed completion with usage at its end. */
export function completionBody({ prompt, outputTokens = 16 }: CompletionOptions): string {
  const stream = { stream: true, stream_options: { include_usage: true } };
  return JSON.stringify({ model: "base", prompt, max_tokens: outputTokens, ignore_eos: true, ...stream });
}

/** Asks for a streamed completion and reads it. Rejects where the answer is no 200 or breaks off. */
export function complete(url: string, options: CompletionOptions): Promise<Completion> {
  return new Promise((resolve, reject) => {
    const body = completionBody(options);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const init = { agent, method: "POST", headers: { ...headers, ...options.headers }, signal: options.signal };
    const sentAt = performance.now();
    const request = httpRequest(`${url}/v1/completions`, init, (answer) => {
      const pod = String(answer.headers["x-inference-pod"] ?? "");
      let firstTokenMs = Number.NaN;
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (piece: string) => {
        if (Number.isNaN(firstTokenMs)) firstTokenMs = performance.now() - sentAt;
        text += piece;
      });
      answer.on("error", reject);
      answer.on("end", () => {
        const usage = /"usage":(\{.*\})\}/.exec(text)?.[1];
        if (answer.statusCode !== 200 || usage === undefined) {
          reject(new Error(`${answer.statusCode} ${text.slice(0, 200)}`));
          return;
        }
        const { prompt_tokens: promptTokens, prompt_tokens_details: details } = JSON.parse(usage);
        const totalMs = performance.now() - sentAt;
        resolve({ pod, firstTokenMs, totalMs, promptTokens, cachedTokens: details.cached_tokens });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}
