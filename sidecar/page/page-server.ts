import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Listen, ListenError } from "../observe/listen-error.ts";
import { type Clock, every } from "../support/clock.ts";
import { judge } from "./access.ts";
import type { Overview } from "./overview.ts";
import { loadPage } from "./page-file.ts";

const PERIOD_MS = 1000;
/** Browsers that look at once; each takes a connection for as long as it looks. */
const MOST_VIEWERS = 32;
/** Bytes that a browser that reads too slowly may be behind before it misses a second. */
const MOST_BEHIND = 4_194_304;
const PLAIN = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

/** What the page is served from. */
export interface PageSources {
  readonly clock: Clock;
  readonly overview: () => Overview;
  /** JSON of why a request would go where it goes now; undefined where there is no such pool. */
  readonly why: (pool: string) => string | undefined;
  /** Who brings it may see the page; everybody who comes by address where left out. */
  readonly token?: string;
}

/** The running server. */
export interface PageServer {
  /** The port in use. */
  readonly port: number;
  /** Closes at once; who looks is cut off. */
  stop(): Promise<void>;
}

/**
 * Serves the page, and once a second what it shows. Read-only.
 *
 *   /               the page
 *   /overview.json  what it shows now
 *   /events         the same as server-sent events
 *   /why.json       ?pool=: the filter's explanation for a prompt that no endpoint has seen
 *
 * @throws ListenError where the port cannot be had, PageMissing where the page is not built.
 */
export async function startPageServer(listen: Listen, sources: PageSources): Promise<PageServer> {
  const { clock, token } = sources;
  const { html, policy } = loadPage();
  const viewers = new Set<ServerResponse>();

  function event(): string {
    return `data: ${JSON.stringify(sources.overview())}\n\n`;
  }

  const endTicks = every(clock, PERIOD_MS, () => {
    if (viewers.size === 0) return;
    const text = event();
    for (const viewer of viewers) if (viewer.writableLength < MOST_BEHIND) viewer.write(text);
  });

  function follow(response: ServerResponse): void {
    if (viewers.size >= MOST_VIEWERS) {
      response.writeHead(503, { "content-type": PLAIN }).end(`${MOST_VIEWERS} are looking already\n`);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event());
    viewers.add(response);
    response.once("close", () => viewers.delete(response));
  }

  function send(response: ServerResponse, type: string, body: string): void {
    response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://page");
    response.setHeader("cache-control", "no-store");
    response.setHeader("x-content-type-options", "nosniff");
    const entry = judge(request, url, token);
    if (entry.kind === "refused") {
      response.writeHead(entry.status, { "content-type": PLAIN }).end(entry.text);
    } else if (entry.kind === "remember") {
      // Two slashes at its beginning would be another server.
      const location = url.pathname.replace(/^\/+/, "/");
      response.writeHead(303, { location, "set-cookie": entry.cookie }).end();
    } else if (request.method !== "GET") {
      response.writeHead(405, { allow: "GET", "content-type": PLAIN }).end("only GET\n");
    } else if (url.pathname === "/") {
      response.setHeader("content-security-policy", policy);
      send(response, "text/html; charset=utf-8", html);
    } else if (url.pathname === "/overview.json") {
      send(response, JSON_TYPE, JSON.stringify(sources.overview()));
    } else if (url.pathname === "/events") {
      follow(response);
    } else if (url.pathname === "/why.json") {
      const why = sources.why(url.searchParams.get("pool") ?? "");
      if (why !== undefined) send(response, JSON_TYPE, why);
      else response.writeHead(404, { "content-type": PLAIN }).end("there is no such pool\n");
    } else {
      response.writeHead(404, { "content-type": PLAIN }).end("the page is at /\n");
    }
  }

  const server = createServer((request, response) => {
    try {
      handle(request, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(500, { "content-type": PLAIN });
      response.end(`${(error as Error).message}\n`);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ListenError(listen, error)));
    server.listen(listen.port, listen.host, resolve);
  }).catch((error) => {
    endTicks();
    throw error;
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      endTicks();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
