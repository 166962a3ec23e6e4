import type { ServerResponse } from "node:http";

/** Breaks the connection off with a TCP reset, once what was written has left. */
function resetAfter(response: ServerResponse, data: string | Buffer): void {
  response.write(data, () => response.socket?.resetAndDestroy());
}

/** Sends a whole answer as JSON. With `cut` the connection is reset after half of it. */
export function sendAnswer(response: ServerResponse, answer: unknown, cut: boolean): void {
  const body = Buffer.from(JSON.stringify(answer));
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  if (cut) resetAfter(response, body.subarray(0, body.length >> 1));
  else response.end(body);
}

/**
 * An answer of server-sent events. What is pushed leaves at the next flush, in one write. With `cut` the connection is
 * reset after the first token.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #cut: boolean;
  #pending = "";
  #severed = false;

  constructor(response: ServerResponse, cut: boolean) {
    this.#response = response;
    this.#cut = cut;
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  }

  /** Adds encoded events, with their empty lines. */
  push(text: string): void {
    this.#pending += text;
  }

  /** Adds an event that is named as its data's `type` is: Anthropic's way, and that of OpenAI's responses. */
  pushNamed(event: Readonly<Record<string, unknown>> & { readonly type: string }): void {
    this.push(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }

  /** To be called when all events of a token are pushed. */
  endToken(): void {
    if (!this.#cut || this.#severed) return;
    this.#severed = true;
    resetAfter(this.#response, this.#pending);
  }

  flush(): void {
    if (this.#severed || this.#pending === "") return;
    this.#response.write(this.#pending);
    this.#pending = "";
  }

  end(): void {
    if (!this.#severed) this.#response.end(this.#pending);
  }
}
