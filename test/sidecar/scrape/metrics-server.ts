import { createServer, type Server, type Socket } from "node:net";
import { freePorts } from "../../../scripts/stack/ports.ts";
import { vllmExposition } from "./fixtures.ts";

/** What a server does with each request. */
export type Behaviour =
  | { readonly kind: "body"; readonly body: string | Buffer; readonly status?: number; readonly after?: number }
  /** Bytes as they stand, then the connection is left open or closed. */
  | { readonly kind: "raw"; readonly bytes: string; readonly close?: boolean }
  /** Chunks of zeros until the other side has enough. */
  | { readonly kind: "endless" }
  | { readonly kind: "silent" };

/** A metrics endpoint on a loopback port that can be made to misbehave between two requests. */
export class MetricsServer {
  behaviour: Behaviour = { kind: "body", body: vllmExposition() };
  /** Requests so far. */
  requests = 0;
  /** Connections so far. */
  connections = 0;
  /** Most requests that were under way at one time. */
  mostAtOnce = 0;
  #atOnce = 0;
  #port = 0;
  /** Head of the last request. */
  lastHead = "";
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  /** Listens on a free port, or on this one. */
  static async start(behaviour?: Behaviour, given?: number): Promise<MetricsServer> {
    const server = new MetricsServer();
    const port = given ?? (await freePorts(1))[0]!;
    server.#port = port;
    if (behaviour) server.behaviour = behaviour;
    await new Promise<void>((resolve, reject) => {
      server.#server.once("error", reject);
      server.#server.listen(port, "127.0.0.1", resolve);
    });
    return server;
  }

  /** Its port, also when it is stopped. */
  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get url(): string {
    return `http://${this.address}/metrics`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Closes the port and every connection. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    let head = "";
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (bytes) => {
      head += bytes.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.lastHead = head.slice(0, end);
      head = head.slice(end + 4);
      this.requests++;
      this.#atOnce++;
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
      this.#answer(socket, this.behaviour);
    });
  }

  #answer(socket: Socket, behaviour: Behaviour): void {
    const done = (): void => {
      this.#atOnce--;
    };
    if (behaviour.kind === "body") {
      const body = Buffer.from(behaviour.body);
      const send = (): void => {
        done();
        if (socket.destroyed) return;
        socket.write(`HTTP/1.1 ${behaviour.status ?? 200} Any\r\ncontent-length: ${body.length}\r\n\r\n`);
        socket.write(body);
      };
      if (behaviour.after === undefined) send();
      else setTimeout(send, behaviour.after);
      return;
    }
    socket.once("close", done);
    if (behaviour.kind === "raw") {
      socket.write(behaviour.bytes);
      if (behaviour.close) socket.end();
    } else if (behaviour.kind === "endless") {
      socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
      const more = (): void => {
        while (!socket.destroyed && socket.write(`10000\r\n${"0".repeat(65536)}\r\n`));
      };
      socket.on("drain", more);
      more();
    }
  }
}

/** Waits until something holds; fails after a time that only a broken test needs. */
export async function until(what: string, holds: () => boolean, milliseconds = 30_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
