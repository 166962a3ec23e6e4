// The answering of gateways that ask by ext_proc, put together.

import type { Parts } from "../parts.ts";
import { registerExtProcMetrics } from "./register-metrics.ts";
import { type ExtProcOptions, ExtProcServer } from "./server.ts";
import type { ExtProcSettings } from "./settings.ts";

/** Makes the server, with its metrics; it serves where its methods are served. */
export function openExtProc(
  settings: ExtProcSettings,
  push: ExtProcOptions["push"],
  { clock, log, metrics }: Parts,
): ExtProcServer {
  const server = new ExtProcServer({ settings, clock, log, push });
  registerExtProcMetrics(metrics.registry, server);
  return server;
}
