// A connection to an endpoint's metrics.

import { isIP, connect as netConnect, type Socket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { type buildConnector, Client, type Dispatcher } from "undici";

const HEADERS = ["accept", "text/plain;version=0.0.4", "accept-encoding", "identity", "user-agent", "inline-epp"];

/** Sends requests for one URL over HTTP/1.1, in clear or TLS, on at most one connection, made when it is needed. */
export class Link {
  readonly #path: string;
  readonly #verifyTls: boolean;
  readonly #client: Client;
  #socket: Socket | undefined;

  /**
   * @param verifyTls whether an https endpoint's certificate is checked.
   * @throws TypeError where the URL is malformed.
   */
  constructor(metricsUrl: string, verifyTls: boolean) {
    const url = new URL(metricsUrl);
    this.#path = `${url.pathname}${url.search}`;
    this.#verifyTls = verifyTls;
    this.#client = new Client(url.origin, {
      connect: ({ protocol, hostname, port }, callback) =>
        this.#connect(protocol === "https:", hostname.replace(/^\[|\]$/g, ""), Number(port), callback),
      pipelining: 1,
      // The timeout of the whole exchange rules; undici's own would only add timers.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** @param isLast whether the connection is of no use after this answer, which the endpoint is told. */
  send(handler: Dispatcher.DispatchHandler, isLast: boolean): void {
    this.#client.dispatch({ method: "GET", path: this.#path, headers: HEADERS, reset: isLast }, handler);
  }

  /** Breaks off what is under way; resolves when no socket is left. */
  async close(): Promise<void> {
    // The client first: where its connecting socket fails, it would otherwise report that as its own error.
    const gone = this.#client.destroy();
    this.#socket?.destroy();
    await gone;
  }

  /** Undici's own connector would leave a socket that is still connecting when the client is destroyed. */
  #connect(secure: boolean, host: string, givenPort: number, callback: buildConnector.Callback): void {
    const port = givenPort || (secure ? 443 : 80);
    const socket = secure
      ? tlsConnect({
          host,
          port,
          // An address is no server name (RFC 6066, section 3).
          servername: isIP(host) === 0 ? host : "",
          rejectUnauthorized: this.#verifyTls,
          ALPNProtocols: ["http/1.1"],
        })
      : netConnect({ host, port });
    socket.setNoDelay(true);
    this.#socket = socket;
    const fail = (error: Error): void => callback(error, null);
    socket.once("error", fail);
    socket.once(secure ? "secureConnect" : "connect", () => {
      socket.off("error", fail);
      callback(null, socket);
    });
  }
}
