import { status } from "@grpc/grpc-js";
import { FrameRefused, refusalName } from "../../wire/decode.ts";
import { decodeObserved } from "../../wire/decode-observed.ts";
import type { Observed } from "../../wire/model.ts";

/** What a call is answered with. */
export type ObserveReply = { readonly code: status; readonly details: string } | undefined;

/**
 * Takes a worker's batch. A frame that is not as it should be is refused whole: nothing of it is counted, and the reply
 * says why.
 * @param refused hears of the reason.
 * @returns undefined where the batch was taken.
 */
export function receiveObserved(
  bytes: Uint8Array,
  take: (observed: Observed) => void,
  refused: (reason: string) => void,
): ObserveReply {
  let observed: Observed;
  try {
    observed = decodeObserved(bytes);
  } catch (error) {
    if (!(error instanceof FrameRefused)) throw error;
    const reason = refusalName(error.reason);
    refused(reason);
    return { code: status.INVALID_ARGUMENT, details: `${reason}: ${error.message}` };
  }
  take(observed);
  return undefined;
}
