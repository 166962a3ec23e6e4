import type { IncomingMessage, ServerResponse } from "node:http";
import { noOverrides, parseAdminChange } from "./admin-state.ts";
import { parseJson, readBody, sendJson } from "./api.ts";
import type { Listener } from "./listener.ts";
import { override, type Simulation } from "./simulation.ts";

/**
 * Answers /admin/state: POST changes overrides, DELETE clears all, and both, like GET, answer with what is set and
 * with the live figures. Rejects with an ApiError 400 for a change that is not understood.
 */
export async function serveAdmin(
  simulation: Simulation,
  listener: Listener,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === "DELETE") override(simulation, noOverrides());
  if (request.method === "POST") {
    const change = parseAdminChange(parseJson(await readBody(request)));
    override(simulation, change.overrides);
    const { goneForMs } = change;
    if (goneForMs !== null) {
      // The caller learns that it worked; then its connection goes like all others, but in order.
      const { socket } = response;
      response.setHeader("connection", "close");
      response.on("finish", () => listener.goAway(goneForMs, socket));
    }
  }
  sendJson(response, 200, describeState(simulation, listener));
}

function describeState(simulation: Simulation, listener: Listener): unknown {
  const { engine, overrides } = simulation;
  return {
    overrides: Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== null)),
    live: {
      running: engine.running,
      waiting: engine.waiting,
      kvCacheUsage: engine.kvCacheUsage,
      cachedBlocks: engine.cachedBlocks,
      requestsServed: simulation.served,
      connections: listener.connections(),
    },
  };
}
