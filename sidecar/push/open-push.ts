// The push, put together with what it needs.

import type { LiveSecurity } from "../grpc/secure-port.ts";
import { countedLedger } from "../limits/ledger-metrics.ts";
import { MemoryLedger } from "../limits/memory-ledger.ts";
import type { Listen } from "../observe/listen-error.ts";
import { tellListening } from "../observe/listening.ts";
import type { Parts } from "../parts.ts";
import type { Replicas } from "../replicas/replicas.ts";
import type { ServeSettings } from "../serve-settings.ts";
import { type PushServer, type PushServerOptions, startPushServer } from "./push-server.ts";

/** Where gateways connect. */
export function gatewayListen({ bind, grpcPort }: Pick<ServeSettings, "bind" | "grpcPort">): Listen {
  return { host: bind, port: grpcPort, flag: "--grpc-port" };
}

/** What the push serves. */
export type Pushed = Pick<PushServerOptions, "source" | "plans" | "observed" | "methods">;

/**
 * Listens for gateways.
 * @param replicas the others, with whom what gateways tell and budgets are shared.
 * @throws ListenError where the port cannot be had.
 */
export async function openPush(
  listen: Listen,
  security: LiveSecurity,
  pushed: Pushed,
  replicas: Replicas | undefined,
  { clock, log, metrics }: Parts,
): Promise<PushServer> {
  const push = await startPushServer({
    ...pushed,
    ...{ listen, clock, log, observer: metrics.push, security: security.security },
    budgets: countedLedger(replicas?.budgets ?? new MemoryLedger(clock), metrics.registry),
    ...(replicas !== undefined && { peers: replicas.peers }),
  });
  security.follow(push.renew);
  tellListening(log, "gateways", listen, push.port);
  return push;
}
