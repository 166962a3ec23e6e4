import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { sendError } from "./api.ts";
import { METRICS_CONTENT_TYPE, renderMetrics } from "./metrics.ts";
import type { Simulation } from "./simulation.ts";

/** How much of the endless exposition there is, in case a reader never stops; bytes. */
const HUGE_BYTES = 64 * 1024 * 1024;
/** How late the slow exposition is. */
const SLOW_MS = 1000;

const GARBAGE = 'vllm:num_requests_running{model_name="ba 12 {{{\n<html>\u0000\u0001 NaN NaN NaN\nvllm:}{=,,, 0x\n';

/** Answers GET /metrics, in the way that the `metrics` override says. */
export function serveMetrics(simulation: Simulation, response: ServerResponse): void {
  const send = (): void => {
    const body = Buffer.from(renderMetrics(simulation, Date.now() / 1000));
    response.writeHead(200, { "content-type": METRICS_CONTENT_TYPE, "content-length": body.length });
    response.end(body);
  };
  switch (simulation.overrides.metrics) {
    case "error":
      sendError(response, 500, "this failure was asked for with metrics: error");
      return;
    case "hang":
      return;
    case "garbage":
      response.writeHead(200, { "content-type": METRICS_CONTENT_TYPE });
      response.end(GARBAGE);
      return;
    case "huge":
      response.writeHead(200, { "content-type": METRICS_CONTENT_TYPE });
      // A reader that stops reading breaks the pipeline off, which is what this is for.
      pipeline(Readable.from(hugeExposition()), response).catch(() => {});
      return;
    case "slow": {
      const { clock } = simulation;
      response.on("close", clock.at(clock.now() + SLOW_MS, send));
      return;
    }
    case "ok":
    case null:
      send();
  }
}

/** Valid lines of a metric that nobody asked for, HUGE_BYTES of them. */
function* hugeExposition(): Generator<Buffer> {
  const line = 'filler{instance="a series that means nothing"} 1\n';
  const chunk = Buffer.from(line.repeat(1024));
  for (let sent = 0; sent < HUGE_BYTES; sent += chunk.length) {
    yield chunk.subarray(0, Math.min(chunk.length, HUGE_BYTES - sent));
  }
}
