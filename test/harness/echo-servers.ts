import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { freePorts } from "../../scripts/stack/ports.ts";

/** What an echo server tells of a request. */
export type Echo = {
  address: string;
  /** As Node reads them: names in lower case, several of one name joined by commas. */
  headers: Record<string, string | undefined>;
  trailers: Record<string, string | undefined>;
  /** Of the body. */
  bytes: number;
};

export type EchoServers = {
  /** Addresses of the servers that answer. */
  alive: string[];
  /** An address where nobody listens. */
  dead: string;
  stop(): Promise<void>;
};

/** Chunks of an answer of /stream. */
export const STREAM_CHUNKS = 5;

/** A signal nobody waits for. */
const AT_ONCE = (): Promise<void> => Promise.resolve();

/** The body of the answer to /large?bytes=N: no two of its 4-byte words are equal, so that nothing can be mixed up. */
export function largeBody(bytes: number): Buffer {
  return Buffer.from(Uint32Array.from({ length: Math.ceil(bytes / 4) }, (_, word) => word).buffer, 0, bytes);
}

/** The `index`-th chunk of an answer of /stream: an event with a token. */
export function streamChunk(index: number): string {
  return `data: {"choices":[{"index":0,"text":" ${index}"}]}\n\n`;
}

/**
 * Starts model servers that answer a POST with what they were sent, as JSON. Other paths:
 *
 *     /stream    STREAM_CHUNKS events, each but the first only when `proceed`, called with its number, says so
 *     /large     largeBody, as many bytes as ?bytes= says
 *     /trailers  as a POST, and the trailer `x-bytes` behind
 *     /metrics   those of an idle vLLM
 */
export async function startEchoServers(
  count: number,
  proceed: (chunk: number) => Promise<void> = AT_ONCE,
): Promise<EchoServers> {
  const servers = Array.from({ length: count }, () => createServer());
  const alive: string[] = [];
  for (const server of servers) {
    await new Promise<void>((done) => {
      server.listen(0, "127.0.0.1", done);
    });
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    alive.push(address);
    server.on("request", (request, response) => answer(request, response, address, proceed));
  }
  return {
    alive,
    dead: `127.0.0.1:${(await freePorts(1))[0]}`,
    async stop() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((done) => server.close(done));
      }
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  proceed: (chunk: number) => Promise<void>,
): Promise<void> {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  const url = new URL(request.url ?? "/", `http://${address}`);
  switch (url.pathname) {
    case "/metrics":
      response.end("vllm:num_requests_waiting 0\nvllm:num_requests_running 0\nvllm:kv_cache_usage_perc 0\n");
      return;
    case "/stream":
      await stream(response, proceed);
      return;
    case "/large":
      response.end(largeBody(Number(url.searchParams.get("bytes"))));
      return;
    case "/trailers":
      response.setHeader("trailer", "x-bytes");
      response.addTrailers({ "x-bytes": String(bytes) });
  }
  response.end(JSON.stringify({ address, headers: flat(request.headers), trailers: request.trailers, bytes }));
}

async function stream(response: ServerResponse, proceed: (chunk: number) => Promise<void>): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let chunk = 0; chunk < STREAM_CHUNKS; chunk++) {
    if (chunk > 0) await proceed(chunk);
    response.write(streamChunk(chunk));
  }
  response.end();
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
