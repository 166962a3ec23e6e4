import type { IncomingMessage, ServerResponse } from "node:http";
import { serveAdmin } from "./admin.ts";
import { ApiError, readBody, sendError, sendJson } from "./api.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { CompletionKind } from "./completion-request.ts";
import { serveCompletion } from "./completions.ts";
import { type Listener, listen } from "./listener.ts";
import { drawImage, transcribe } from "./media.ts";
import { serveMetrics } from "./metrics-endpoint.ts";
import { resolveOptions, type SimulatorOptions } from "./options.ts";
import { createSimulation, type Simulation } from "./simulation.ts";

/** A running simulator. */
export type Simulator = {
  readonly port: number;
  /** Where it answers, such as http://127.0.0.1:8001, without a slash at the end. */
  readonly url: string;
  /** Stops listening and closes every connection; resolves when both is done. */
  stop(): Promise<void>;
};

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
type Routes = Readonly<Record<string, Readonly<Record<string, Handler>>>>;

/**
 * Starts a simulator. Options left out have their defaults (options.ts). Whatever takes time takes
 * it from the clock. Rejects with an OptionError for options that contradict each other, and with Node's error when
 * it cannot listen.
 */
export async function startSimulator(
  options: Partial<SimulatorOptions> = {},
  clock: Clock = systemClock,
): Promise<Simulator> {
  const simulation = createSimulation(resolveOptions(options), clock);
  const { host, port, name } = simulation.options;
  const routes = createRoutes(simulation, () => listener);
  const listener: Listener = await listen(
    (request, response) => {
      response.setHeader("x-inference-pod", name);
      route(routes, request, response);
    },
    host,
    port,
    clock,
  );
  const authority = host.includes(":") ? `[${host}]` : host;
  return { port: listener.port, url: `http://${authority}:${listener.port}`, stop: () => listener.stop() };
}

function createRoutes(simulation: Simulation, listener: () => Listener): Routes {
  const admin: Handler = (request, response) => serveAdmin(simulation, listener(), request, response);
  const completion = (kind: CompletionKind): Record<"POST", Handler> => ({
    POST: async (request, response) => serveCompletion(simulation, kind, await readBody(request), response),
  });
  return {
    "/v1/chat/completions": completion("chat"),
    "/v1/completions": completion("text"),
    "/v1/messages": completion("messages"),
    "/v1/responses": completion("responses"),
    "/v1/embeddings": completion("embeddings"),
    "/v1/audio/transcriptions": {
      POST: async (request, response) =>
        sendJson(response, 200, await transcribe(simulation, request, await readBody(request))),
    },
    "/v1/images/generations": {
      POST: async (request, response) => sendJson(response, 200, drawImage(simulation, await readBody(request))),
    },
    "/v1/models": { GET: (_, response) => sendJson(response, 200, listModels(simulation)) },
    "/health": {
      GET: (_, response) => {
        response.end();
      },
    },
    "/version": { GET: (_, response) => sendJson(response, 200, { version: "0.0.0-simulator" }) },
    "/metrics": { GET: (_, response) => serveMetrics(simulation, response) },
    "/admin/state": { GET: admin, POST: admin, DELETE: admin },
  };
}

async function route(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "", url = "" } = request;
  const path = url.split("?", 1)[0]!;
  const methods = Object.hasOwn(routes, path) ? routes[path]! : {};
  const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
  try {
    if (handler !== undefined) {
      await handler(request, response);
      return;
    }
    const allowed = Object.keys(methods).join(", ");
    if (allowed === "") throw new ApiError(404, `there is nothing at ${path}`);
    response.setHeader("allow", allowed);
    throw new ApiError(405, `${path} takes ${allowed}, not ${method}`);
  } catch (error) {
    fail(error, response);
  }
}

function fail(error: unknown, response: ServerResponse): void {
  // A client that went away while it was sending needs no answer.
  if (response.destroyed) return;
  // The rest of a body that was not read would be taken for the next request.
  if (!response.req.complete) response.setHeader("connection", "close");
  if (error instanceof ApiError) {
    sendError(response, error.status, error.message);
    return;
  }
  console.error(error);
  sendError(response, 500, "the simulator failed: its log says how");
}

function listModels(simulation: Simulation): unknown {
  const { models, options, started } = simulation;
  const data = models.map((id) => ({
    id,
    object: "model",
    created: started,
    owned_by: "simulator",
    root: id,
    parent: id === options.model ? null : options.model,
    max_model_len: options.maxModelLen,
  }));
  return { object: "list", data };
}
