// The explanation of a decision, for clients that the configuration lets ask for it, and for traces.

import * as host from "../abi/host.ts";
import { MAP_RESPONSE_HEADERS } from "../abi/values.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { Root } from "../root.ts";
import { traceAt, traceLength } from "../schedule/trace.ts";
import { Request } from "./request.ts";
import { TRACED_ENDPOINTS } from "./traced.ts";

/** How many endpoints the request's decision is to be explained for; 0: it is not explained. */
export function explained(request: Request): u32 {
  return request.explain != 0 || request.traced == 0 ? request.explain : TRACED_ENDPOINTS;
}

/** Keeps the explanation of the pick that has just run: until the answer comes, or where it is traced until the end. */
export function keepExplanation(request: Request): void {
  if (traceLength() == 0) return;
  giveBlock(request.trace, request.traceLength); // a decision may be made again, where it could not be answered
  request.traceLength = traceLength();
  request.trace = takeBlock(request.traceLength);
  memory.copy(request.trace, traceAt(), request.traceLength);
}

/** Puts the explanation into the answer's headers where the client asked for it. What no trace needs is forgotten. */
export function explain(request: Request): void {
  if (request.trace == 0 || request.explain == 0) return;
  const header = changetype<Root>(request.root).config.explainHeader;
  host.setHeader(MAP_RESPONSE_HEADERS, header, request.trace, request.traceLength);
  if (request.traced != 0) return;
  giveBlock(request.trace, request.traceLength);
  request.trace = 0;
}
