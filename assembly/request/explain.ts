// The explanation of a decision, for clients that the configuration lets ask for it.

import * as host from "../abi/host.ts";
import { MAP_RESPONSE_HEADERS } from "../abi/values.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { Root } from "../root.ts";
import { traceAt, traceLength } from "../schedule/trace.ts";
import { Request } from "./request.ts";

/** Keeps the explanation of the pick that has just run until the answer comes. */
export function keepExplanation(request: Request): void {
  if (traceLength() == 0) return;
  giveBlock(request.trace, request.traceLength); // a decision may be made again, where it could not be answered
  request.traceLength = traceLength();
  request.trace = takeBlock(request.traceLength);
  memory.copy(request.trace, traceAt(), request.traceLength);
}

/** Puts the explanation into the answer's headers, and gives its memory back. */
export function explain(request: Request): void {
  if (request.trace == 0) return;
  const header = changetype<Root>(request.root).config.explainHeader;
  host.setHeader(MAP_RESPONSE_HEADERS, header, request.trace, request.traceLength);
  giveBlock(request.trace, request.traceLength);
  request.trace = 0;
}
