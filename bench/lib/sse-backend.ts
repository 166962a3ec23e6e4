// A model server for measurements of streams, a process of its own: `node sse-backend.ts PORT`. It answers each POST
// with as many events as its max_tokens says, one a millisecond, the model being the one that was asked for; /metrics
// shows a small exposition. Streams that stand together get their events together.

import { createServer, type ServerResponse } from "node:http";
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

function serve(port: number): void {
  const exposition = vllmExposition(2000);
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
  }, 1);
  createServer(async (request, response) => {
    if (request.method !== "POST") return response.end(exposition);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece);
    const { model, max_tokens: left = 1 } = JSON.parse(Buffer.concat(pieces).toString());
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.socket?.setNoDelay(true);
    open.set(response, { event: Buffer.from(event(model, " word")), left });
    response.on("close", () => open.delete(response));
  }).listen(port, "127.0.0.1");
}

if (process.argv[1] === import.meta.filename) serve(Number(process.argv[2]));
