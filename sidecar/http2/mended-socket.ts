import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { FrameMender } from "./frame-mender.ts";

/** A connection whose client's requests are mended on their way to a server of HTTP/2. */
export class MendedSocket extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    const mender = new FrameMender();
    socket.on("data", (chunk: Buffer) => {
      for (const part of mender.feed(chunk)) {
        if (!this.push(part)) socket.pause();
      }
    });
    socket.on("end", () => this.push(null));
    // An error shows as the end: a session that is over has nobody who listens for it.
    socket.on("error", () => this.destroy());
    socket.on("close", () => this.destroy());
    socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#afterRoom(this.#socket.write(chunk), done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    const room = this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)));
    this.#afterRoom(room, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #afterRoom(room: boolean, done: () => void): void {
    if (room) done();
    else this.#socket.once("drain", done);
  }
}
