import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Listen, ListenError } from "../observe/listen-error.ts";
import { type Clock, every } from "../support/clock.ts";
import { judge } from "./access.ts";
import type { Overview } from "./overview.ts";
import { loadPage } from "./page-file.ts";
import { Busy } from "./why.ts";

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
  /** Of one pool, the first where there is none of that name; of all where left out. */
  readonly overview: (pool?: string) => Overview;
  /** Somebody is looking at these pools: called each second. */
  readonly looked?: (pools: readonly string[]) => void;
  /**
   * JSON of why a new prompt would go where it would go now, or a request of that id went where it went; undefined where
   * there is no such pool or request.
   * @throws Busy where too much is asked.
   */
  readonly why: (pool: string, request: number | undefined) => string | undefined;
  /** The configuration in force, as YAML. */
  readonly configText: () => string;
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
 *   /events         ?pool=: the same of one pool as server-sent events
 *   /why.json       ?pool=: the filter's explanation for a prompt that no endpoint has seen; with &request= and the id
 *                   of a recent request, that of a request like it
 *   /config.yaml    the configuration in force, without secrets
 *
 * @throws ListenError where the port cannot be had, PageMissing where the page is not built.
 */
export async function startPageServer(listen: Listen, sources: PageSources): Promise<PageServer> {
  const { clock, token } = sources;
  const { html, policy } = loadPage();
  /** With the pools that they look at. */
  const viewers = new Map<ServerResponse, string>();

  function event(overview: Overview): string {
    return `data: ${JSON.stringify(overview)}\n\n`;
  }

  const endTicks = every(clock, PERIOD_MS, () => {
    if (viewers.size === 0) return;
    const overviews = new Map([...new Set(viewers.values())].map((pool) => [pool, sources.overview(pool)]));
    const shown = [...overviews.values()].flatMap(({ pools }) => pools.map(({ name }) => name));
    sources.looked?.([...new Set(shown)]);
    const texts = new Map([...overviews].map(([pool, overview]) => [pool, event(overview)]));
    for (const [viewer, pool] of viewers) if (viewer.writableLength < MOST_BEHIND) viewer.write(texts.get(pool)!);
  });

  function follow(response: ServerResponse, pool: string): void {
    if (viewers.size >= MOST_VIEWERS) {
      response.writeHead(503, { "content-type": PLAIN }).end(`${MOST_VIEWERS} are looking already\n`);
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(event(sources.overview(pool)));
    viewers.set(response, pool);
    response.once("close", () => viewers.delete(response));
  }

  function send(response: ServerResponse, type: string, body: string): void {
    response.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
  }

  function explain(response: ServerResponse, asked: URLSearchParams): void {
    const id = asked.get("request");
    try {
      const why = sources.why(asked.get("pool") ?? "", id === null ? undefined : Number(id));
      const unknown = id === null ? "there is no such pool" : "that request is too long past";
      if (why !== undefined) send(response, JSON_TYPE, why);
      else response.writeHead(404, { "content-type": PLAIN }).end(`${unknown}\n`);
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      response.writeHead(429, { "content-type": PLAIN, "retry-after": "1" }).end(`${error.message}\n`);
    }
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
      follow(response, url.searchParams.get("pool") ?? "");
    } else if (url.pathname === "/why.json") {
      explain(response, url.searchParams);
    } else if (url.pathname === "/config.yaml") {
      send(response, PLAIN, sources.configText());
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
