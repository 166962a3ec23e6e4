import type { GrpcCall } from "../grpc/call.ts";
import { writePiece } from "./write-response.ts";

/** The most of a body in one message: Envoy's limit is 64 KiB where nobody has set another. */
const PIECE_BYTES = 62_000;

/**
 * Lets bodies pass to a gateway that sends them through here.
 * @param kind REQUEST_BODY or RESPONSE_BODY of the response.
 * @param ends whether nothing comes behind the last of them.
 */
export function writePieces(call: GrpcCall, kind: number, pieces: readonly Uint8Array[], ends: boolean): void {
  for (const [index, piece] of pieces.entries()) {
    const last = ends && index === pieces.length - 1;
    let from = 0;
    for (; piece.length - from > PIECE_BYTES; from += PIECE_BYTES) {
      call.writeFramed(writePiece(kind, piece.subarray(from, from + PIECE_BYTES), false));
    }
    call.writeFramed(writePiece(kind, piece.subarray(from), last));
  }
}
