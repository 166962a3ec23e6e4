import { status } from "@grpc/grpc-js";
import { FrameRefused, refusalName } from "../../wire/decode.ts";
import { decodeSpent } from "../../wire/decode-spent.ts";
import { encodeBudgets } from "../../wire/encode-spent.ts";
import type { Spend } from "../../wire/model.ts";
import type { Ledger } from "./ledger.ts";

/** What a call is answered with: a BUDGETS frame, or why there is none. */
export type SpendReply = Uint8Array | { readonly code: status; readonly details: string };

/**
 * Settles what a worker has spent. A frame that is not as it should be is refused whole.
 * @param refused hears of the reason.
 */
export async function receiveSpent(
  bytes: Uint8Array,
  ledger: Ledger,
  refused: (reason: string) => void,
): Promise<SpendReply> {
  let rows: readonly Spend[];
  try {
    rows = decodeSpent(bytes);
  } catch (error) {
    if (!(error instanceof FrameRefused)) throw error;
    const reason = refusalName(error.reason);
    refused(reason);
    return { code: status.INVALID_ARGUMENT, details: `${reason}: ${error.message}` };
  }
  try {
    return encodeBudgets(await ledger.settle(rows));
  } catch (error) {
    return { code: status.UNAVAILABLE, details: (error as Error).message };
  }
}
