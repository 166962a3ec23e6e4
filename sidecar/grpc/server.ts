import {
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { Socket } from "node:net";
import { peekFirstRequest } from "../http2/first-request.ts";
import { MendedSocket } from "../http2/mended-socket.ts";
import { GrpcCall } from "./call.ts";

/** A method: what serves its calls, and how many bytes a message of a client may have. */
export interface GrpcMethod {
  readonly serve: (call: GrpcCall) => void;
  readonly mostBytes: number;
  /** Whether gateways call it for each of their requests. */
  readonly perRequest?: boolean;
}

const UNIMPLEMENTED = 12;
/** A client that is gone without a word is noticed within 15 s: a ping after 10 s, 5 s for the answer. */
const PING_MS = 10_000;
const PONG_MS = 5000;
/** What a client may send unread: bodies pass through here, and a window's round trip is a wait. */
const STREAM_WINDOW_BYTES = 1 << 20;
const SESSION_WINDOW_BYTES = 1 << 24;

const OPTIONS = {
  settings: { initialWindowSize: STREAM_WINDOW_BYTES },
  // Envoy resets each stream of ext_proc at its end. By default more than 33 a second end the connection, as an attack.
  streamResetBurst: 0x7fff_ffff,
  streamResetRate: 0x7fff_ffff,
  // Megabytes. By default a connection with 10 MB under way takes no more streams.
  maxSessionMemory: 1 << 20,
};

/** Serves gRPC's methods, by path, on connections that it is given. */
export class GrpcServer {
  readonly #methods: ReadonlyMap<string, GrpcMethod>;
  readonly #failed: (path: string, error: unknown) => void;
  readonly #server: Http2Server = createServer(OPTIONS);
  /** `ip:port` of each session's client. */
  readonly #sessions = new Map<ServerHttp2Session, string>();
  /** That of the connection which becomes a session at this moment. */
  #connecting = "";
  #closed = false;

  /** @param failed hears what serving a call has thrown: the call ends, the rest goes on. */
  constructor(methods: ReadonlyMap<string, GrpcMethod>, failed: (path: string, error: unknown) => void) {
    this.#methods = methods;
    this.#failed = failed;
    this.#server.on("session", (session) => this.#join(session));
    this.#server.on("sessionError", () => undefined); // the session closes
    this.#server.on("stream", (stream, headers) => this.#serve(stream, headers));
    this.#server.on("unknownProtocol", (socket) => socket.destroy());
  }

  /**
   * Serves a connection that speaks HTTP/2. Envoy's :authority is the name of its cluster unless it is told another, and
   * in Istio's names stands what Node refuses: so requests are mended. That takes CPU for each, which is spared where
   * the first is one of many and needs nothing, for those that follow on the connection have the same :authority.
   */
  connect(socket: Socket): void {
    const { remoteAddress = "", remotePort = "" } = socket;
    socket.on("error", () => undefined); // "close" follows
    peekFirstRequest(socket, (first) => {
      if (this.#closed) {
        socket.destroy();
        return;
      }
      const asItIs = first?.taken && this.#methods.get(first.path ?? "")?.perRequest;
      this.#connecting = `${remoteAddress}:${remotePort}`;
      this.#server.emit("connection", asItIs ? socket : new MendedSocket(socket));
    });
  }

  /** Takes no more calls and waits for those under way; after so many milliseconds it cuts them off. */
  async close(graceMilliseconds: number): Promise<void> {
    this.#closed = true;
    const late = setTimeout(() => {
      for (const session of this.#sessions.keys()) session.destroy();
    }, graceMilliseconds);
    await Promise.all(
      [...this.#sessions.keys()].map(
        (session) =>
          new Promise<void>((resolve) => {
            session.once("close", resolve);
            session.close();
          }),
      ),
    );
    clearTimeout(late);
  }

  #join(session: ServerHttp2Session): void {
    session.on("error", () => undefined); // "close" follows
    if (session.destroyed) return;
    this.#sessions.set(session, this.#connecting);
    session.setLocalWindowSize(SESSION_WINDOW_BYTES);
    let answered = true;
    const pings = setInterval(() => {
      if (session.destroyed || session.closed) return;
      answered = false;
      session.ping(() => {
        answered = true;
      });
      setTimeout(() => {
        if (!answered) session.destroy();
      }, PONG_MS).unref();
    }, PING_MS);
    pings.unref();
    session.once("close", () => {
      clearInterval(pings);
      this.#sessions.delete(session);
    });
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    if (!headers["content-type"]?.startsWith("application/grpc")) {
      stream.on("error", () => undefined);
      if (!stream.destroyed) stream.respond({ ":status": 415 }, { endStream: true });
      return;
    }
    const path = headers[":path"] ?? "";
    const method = this.#methods.get(path);
    const peer = this.#sessions.get(stream.session as ServerHttp2Session) ?? "";
    const call = new GrpcCall(stream, peer, method?.mostBytes ?? 0, (error) => this.#failed(path, error));
    if (method === undefined) call.fail(UNIMPLEMENTED, `no method ${path}`);
    else method.serve(call);
  }
}
