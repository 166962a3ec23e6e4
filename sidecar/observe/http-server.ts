import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import type { Registry } from "prom-client";
import type { FilterFile } from "../filter/module.ts";
import { EXPOSITION_TYPES, exposition } from "./exposition.ts";
import { filterAnswer } from "./filter-answer.ts";
import { type Answer, PLAIN } from "./http-answer.ts";
import { type Listen, ListenError } from "./listen-error.ts";
import type { MayRead, Refusal } from "./read-access.ts";
import type { Readiness } from "./readiness.ts";
import { wantsOpenMetrics } from "./wants-open-metrics.ts";

const INDEX = `inline-epp
  /metrics  Prometheus metrics
  /healthz  200 while the process lives
  /readyz   200 when it is of use, else 503 with what is missing
  /state    what is known of the pools, JSON, for inline-epp explain
  /filter.wasm, /filter.wasm.sha256
            the filter of this version, for gateways that fetch it, and its digest
`;

/** Where answers come from. */
export interface HttpSources {
  readonly registry: Registry;
  readonly readiness: Readiness;
  /** A snapshot's JSON, made when it is asked for; undefined: not yet. */
  readonly state: () => string | undefined;
  /** Who may read /metrics and /state; everybody where left out. Probes are for everybody anyway. */
  readonly mayRead?: MayRead;
  /** The filter, for everybody to fetch; not served where left out. */
  readonly filter?: FilterFile;
}

/** The running HTTP server for people, probes and Prometheus. */
export interface HttpServer {
  /** The port in use. */
  readonly port: number;
  /** Closes at once; answers under way are cut off. */
  stop(): Promise<void>;
}

const GUARDED = ["/metrics", "/state"];

function readinessAnswer(readiness: Readiness): Answer {
  const body = JSON.stringify({ ready: readiness.ready, missing: readiness.missing });
  return { status: readiness.ready ? 200 : 503, type: "application/json", body: `${body}\n` };
}

function stateAnswer(state: string | undefined): Answer {
  if (state === undefined) return { status: 503, type: PLAIN, body: "nothing is known yet\n" };
  return { status: 200, type: "application/json", body: state };
}

function refusalAnswer({ status, text }: Refusal): Answer {
  const headers = status === 401 ? { "www-authenticate": "Bearer" } : {};
  return { status, type: PLAIN, body: `${text}\n`, headers };
}

function metricsAnswer(registry: Registry, accept: string | undefined): Answer {
  const format = wantsOpenMetrics(accept) ? "openmetrics" : "text";
  const body = exposition(registry, format);
  return { status: 200, type: EXPOSITION_TYPES[format], body, headers: { vary: "accept" } };
}

async function answer(
  path: string,
  headers: IncomingHttpHeaders,
  { registry, readiness, state, mayRead, filter }: HttpSources,
): Promise<Answer> {
  const refusal = GUARDED.includes(path) ? await mayRead?.(headers.authorization, path) : undefined;
  if (refusal !== undefined) return refusalAnswer(refusal);
  if (path === "/metrics") return metricsAnswer(registry, headers.accept);
  if (path === "/healthz") return { status: 200, type: PLAIN, body: "ok\n" };
  if (path === "/readyz") return readinessAnswer(readiness);
  if (path === "/state") return stateAnswer(state());
  const file = filterAnswer(path, filter, headers["if-none-match"]);
  return file ?? { status: path === "/" ? 200 : 404, type: PLAIN, body: INDEX };
}

/** Sends pieces as fast as they are read; who hangs up gets no more of them, and that is no error. */
async function send(pieces: AsyncIterable<string>, response: ServerResponse): Promise<void> {
  try {
    await pipeline(pieces, response);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

/**
 * Serves `/metrics`, `/healthz`, `/readyz`, `/state` and the filter.
 * @throws ListenError where the port cannot be had.
 */
export async function startHttpServer(listen: Listen, sources: HttpSources): Promise<HttpServer> {
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD", "content-type": PLAIN }).end("only GET and HEAD\n");
      return;
    }
    const path = (request.url ?? "/").split("?", 1)[0] as string;
    const { status, type, body, headers } = await answer(path, request.headers, sources);
    const isWhole = typeof body === "string" || body instanceof Uint8Array;
    // A 304 tells nothing of the length of what it leaves out.
    const length = status === 304 || !isWhole ? {} : { "content-length": Buffer.byteLength(body) };
    response.writeHead(status, { "content-type": type, ...length, ...headers });
    if (request.method === "HEAD") response.end();
    else if (isWhole) response.end(body);
    else await send(body, response);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: Error) => {
      // Broken off in the middle: that is how who reads it knows.
      if (response.destroyed) return;
      if (!response.headersSent) response.writeHead(500, { "content-type": PLAIN });
      response.end(`${error.message}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ListenError(listen, error)));
    server.listen(listen.port, listen.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
