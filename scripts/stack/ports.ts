import { type AddressInfo, createServer, type Server } from "node:net";

function listen(port: number, host: string): Promise<Server> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen({ port, host, exclusive: true }, () => done(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
  });
}

/** Why a TCP port of this machine cannot be listened on ("EADDRINUSE", ...), or null when it can. */
export async function whyBusy(port: number): Promise<string | null> {
  // Envoy shares a port with another Envoy of the same user without a word, so binding is tried beforehand; on every
  // address too, for a listener there gets the connections that nobody else takes.
  for (const host of ["127.0.0.1", "0.0.0.0"]) {
    try {
      await close(await listen(port, host));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }
  return null;
}

/** Different TCP ports of 127.0.0.1 that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held at once, or the same one might come twice.
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0, "127.0.0.1")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(close));
  return ports;
}
