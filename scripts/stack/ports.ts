import { createServer, type Server } from "node:net";

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

/**
 * Ports below those that systems give to whoever does not care: to a connection's near end, or to a listener on port 0.
 * Nobody gets one of them by accident between its choice and its use, nor while its server is being started again.
 */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
/** Those that this process has been given: they are not there for a second time, even if nobody listens now. */
const given = new Set<number>();

/** Different TCP ports of 127.0.0.1 that nobody listens on now, and that are given to nobody else in this process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    if (given.size === PORTS) throw new Error(`all of ${PORTS} ports have been given away`);
    // At random, so that processes which look at the same moment do not find the same ones.
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (given.has(port)) continue;
    given.add(port);
    if ((await whyBusy(port)) === null) ports.push(port);
  }
  return ports;
}
