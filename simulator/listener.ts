import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "./clock.ts";

/** How long to wait when the port is taken at the return; ms. */
const RETRY_MS = 100;

/** A listening HTTP server that can go away without notice and come back, as a pod does. */
export type Listener = {
  readonly port: number;
  /** Open connections. */
  connections(): number;
  /**
   * Stops listening and resets every connection but `spared`, which is closed in order. Listens again on the same
   * port after `milliseconds`. Does nothing while gone.
   */
  goAway(milliseconds: number, spared: Socket | null): void;
  /** Stops listening and closes every connection. */
  stop(): Promise<void>;
};

/** Listens on `host` and `port` (0: any free one). Rejects with Node's error when it cannot. */
export async function listen(handler: RequestListener, host: string, port: number, clock: Clock): Promise<Listener> {
  const sockets = new Set<Socket>();
  let server = await open(handler, host, port, sockets);
  const address = server.address() as AddressInfo;
  let callOffReturn: (() => void) | null = null;
  let stopped = false;

  const comeBack = async (): Promise<void> => {
    try {
      const reopened = await open(handler, host, address.port, sockets);
      callOffReturn = null;
      if (stopped) reopened.close();
      else server = reopened;
    } catch {
      // Someone took the port meanwhile: this server is gone until it gets the port back.
      if (!stopped) callOffReturn = clock.at(clock.now() + RETRY_MS, comeBack);
    }
  };
  return {
    port: address.port,
    connections: () => sockets.size,
    goAway(milliseconds, spared) {
      if (callOffReturn !== null || stopped) return;
      // Reset first: close() would end idle connections in order.
      for (const socket of sockets) {
        if (socket === spared) socket.destroySoon();
        else socket.resetAndDestroy();
      }
      server.close();
      callOffReturn = clock.at(clock.now() + milliseconds, comeBack);
    },
    async stop() {
      stopped = true;
      callOffReturn?.();
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function open(handler: RequestListener, host: string, port: number, sockets: Set<Socket>): Promise<Server> {
  const server = createServer(handler);
  // A pooled connection that the server closes when it is idle would fail requests for no reason of the test's.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}
