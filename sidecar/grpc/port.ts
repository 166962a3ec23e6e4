import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { authority, type Listen, ListenError } from "../observe/listen-error.ts";

/** The first byte of a TLS connection: a handshake record. HTTP/2's first is a letter. */
const HANDSHAKE = 0x16;
/** Milliseconds within which a client says something, and within which TLS stands. */
const FIRST_WORD_MS = 10_000;

/** What a port speaks. */
export interface PortSecurity {
  /** Certificate, key and what else TLS is to be like; no TLS where left out. */
  readonly tls?: TlsOptions;
  /** Whether connections without TLS are taken. */
  readonly plaintext: boolean;
}

/** A port that is listened on. */
export interface Port {
  /** The port in use, also where any free one was asked for. */
  readonly port: number;
  /** Takes another certificate for connections to come. */
  renew(tls: TlsOptions): void;
  /** Takes no more connections; those that are open stay. */
  close(): void;
}

/**
 * Listens for connections that speak HTTP/2, each in TLS or not, as its first byte tells.
 * @throws ListenError where the port cannot be had.
 */
export async function openPort(
  listen: Listen,
  { tls, plaintext }: PortSecurity,
  connected: (socket: Socket) => void,
): Promise<Port> {
  const secure = tls && createTlsServer({ ...tls, ALPNProtocols: ["h2"], handshakeTimeout: FIRST_WORD_MS });
  secure?.on("secureConnection", (socket) => {
    // Who names no protocol means the only one there is; Node's server of HTTP/2 would turn it away.
    socket.alpnProtocol ||= "h2";
    connected(socket);
  });
  secure?.on("tlsClientError", (_, socket) => socket.destroy());

  function tell(socket: Socket): void {
    const waited = setTimeout(() => socket.destroy(), FIRST_WORD_MS);
    socket.on("error", () => undefined); // "close" follows
    socket.once("close", () => clearTimeout(waited));
    socket.once("data", (first: Buffer) => {
      clearTimeout(waited);
      socket.pause();
      socket.unshift(first);
      if (first[0] === HANDSHAKE && secure !== undefined) secure.emit("connection", socket);
      else if (plaintext && first[0] !== HANDSHAKE) connected(socket);
      else socket.destroy();
    });
  }

  const server = createServer({ noDelay: true }, tell);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new ListenError(listen, error)));
    server.listen(listen.port, listen.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string")
    throw new Error(`${authority(listen.host, listen.port)} is no port`);
  return {
    port: address.port,
    renew: (renewed) => secure?.setSecureContext(renewed),
    close: () => void server.close(),
  };
}
