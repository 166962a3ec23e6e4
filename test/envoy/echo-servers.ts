import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { freePorts } from "../../scripts/stack/ports.ts";

/** What an echo server tells of a request. */
export type Echo = { address: string; destination: string | null; bytes: number; contentLength: string | null };

export type EchoServers = {
  /** Addresses of the servers that answer. */
  alive: string[];
  /** An address where nobody listens. */
  dead: string;
  stop(): Promise<void>;
};

/** Starts servers that answer with what they were sent; /stream sends two chunks, the second when `proceed` resolves. */
export async function startEchoServers(count: number, proceed: Promise<void>): Promise<EchoServers> {
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
  proceed: Promise<void>,
): Promise<void> {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  if (request.url === "/stream") {
    response.write("first");
    await proceed;
    response.end("second");
    return;
  }
  const echo: Echo = {
    address,
    destination: (request.headers["x-gateway-destination-endpoint"] as string | undefined) ?? null,
    bytes,
    contentLength: request.headers["content-length"] ?? null,
  };
  response.end(JSON.stringify(echo));
}
