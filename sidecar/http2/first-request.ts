import type { Socket } from "node:net";
import { authorityTaken } from "./authority.ts";
import { FRAME_HEADER_BYTES, frameLength, HEADERS, PREFACE_BYTES, readBlock } from "./frames.ts";
import { pathOf } from "./header-block.ts";

/** What a client asks first on a connection. */
export interface FirstRequest {
  /** Null: it is not known by the block alone. */
  readonly path: string | null;
  /** Whether Node's server takes its :authority. */
  readonly taken: boolean;
}

/**
 * Clients that open a connection for a request send it in one go with what begins the connection. Others wait for the
 * server's first word, and this is what they lose.
 */
const PATIENCE_MS = 20;
const MOST_BYTES = 16_384;

/** Looks for the first request in what a client has sent; undefined: it has not come; null: it will not be understood. */
function findFirst(bytes: Buffer): FirstRequest | null | undefined {
  for (let at = PREFACE_BYTES; bytes.length >= at + FRAME_HEADER_BYTES; ) {
    if (bytes[at + 3] !== HEADERS) {
      at += FRAME_HEADER_BYTES + frameLength(bytes, at);
      continue;
    }
    const block = readBlock(bytes, at);
    if (block === null) return null;
    if ("wanted" in block) return undefined;
    return { path: pathOf(block.fields), taken: authorityTaken(block.fields) };
  }
  return undefined;
}

/** Tells of a connection's first request, with all bytes put back; null: it has not come soon, or makes no sense. */
export function peekFirstRequest(socket: Socket, told: (first: FirstRequest | null) => void): void {
  let bytes = Buffer.alloc(0);
  let waited: NodeJS.Timeout | undefined;

  function done(first: FirstRequest | null): void {
    stop();
    socket.pause();
    if (bytes.length > 0) socket.unshift(bytes);
    told(first);
  }
  function stop(): void {
    clearTimeout(waited);
    socket.off("data", look).off("end", gone).off("close", gone);
  }
  function gone(): void {
    stop();
    socket.destroy();
  }
  function look(chunk: Buffer): void {
    bytes = Buffer.concat([bytes, chunk]);
    const first = findFirst(bytes);
    if (first !== undefined) done(first);
    else if (bytes.length > MOST_BYTES) done(null);
  }
  waited = setTimeout(done, PATIENCE_MS, null);
  socket.on("data", look).once("end", gone).once("close", gone);
  socket.resume();
}
