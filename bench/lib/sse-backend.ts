// Model servers for measurements of streams, a process of its own: `node sse-backend.ts MILLISECONDS BYTES PORT...`.
// They answer each POST with as many events as its max_tokens says, one in so many milliseconds, the model being the one
// that was asked for; /metrics shows an exposition of so many bytes. Streams that stand together get their events
// together.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import process from "node:process";
import { vllmExposition } from "./exposition.ts";

/** An event with one token, as vLLM sends it. */
export function event(model: string, content: string): string {
  const chunk = {
    id: "chatcmpl-0123456789abcdef0123456789abcdef",
    object: "chat.completion.chunk",
    created: 1732150000,
    model,
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }],
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function serve(milliseconds: number, bytes: number, ports: readonly number[]): void {
  const exposition = vllmExposition(bytes);
  const open = new Map<ServerResponse, { event: Buffer; left: number }>();
  setInterval(() => {
    for (const [response, state] of open) {
      if (state.left-- > 0) {
        response.write(state.event);
        continue;
      }
      open.delete(response);
      response.end("data: [DONE]\n\n");
    }
  }, milliseconds);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method !== "POST") return response.end(exposition);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { model, max_tokens: left = 1 } = JSON.parse(Buffer.concat(pieces).toString());
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.socket?.setNoDelay(true);
    open.set(response, { event: Buffer.from(event(model, " word")), left });
    response.on("close", () => open.delete(response));
  };
  for (const port of ports) createServer(answer).listen(port, "127.0.0.1");
}

if (process.argv[1] === import.meta.filename) {
  const [milliseconds, bytes, ...ports] = process.argv.slice(2).map(Number) as [number, number, ...number[]];
  serve(milliseconds, bytes, ports);
}
