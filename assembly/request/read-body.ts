// Request bodies on their way through: read in slices, as the pieces pass.

import * as host from "../abi/host.ts";
import { BUFFER_REQUEST_BODY } from "../abi/values.ts";
import { BODY_OPEN, Body, endBody, feedBody, replaceModel, takeBody, takeForm } from "../body/body.ts";
import { resetArena } from "../memory/arena.ts";
import { isEdited, Renaming, targetAt } from "../policy/renaming.ts";
import { promptBlockTokens, BYTES_PER_TOKEN } from "../prefix/settings.ts";
import { Pool } from "../state/pool.ts";
import { planMaxBlocks } from "../wire/plan.ts";
import { editModels, holdBack, letGo } from "./edit-body.ts";
import { keepModel } from "./observe.ts";
import { Request } from "./request.ts";

/** The arena holds a slice with room to spare, so that reading a body takes no memory, however long the piece. */
const SLICE: u32 = 32768;
/** Where a request comes before any state does. */
const UNKNOWN_POOL_BLOCK_TOKENS: u32 = 64;
const UNKNOWN_POOL_BLOCKS: u32 = 256;

/**
 * Reads what is new of the `length` bytes that the host has now, and replaces the model in them where it has to be.
 * `whole`: they are the body from its first byte on. `end`: they are the last.
 */
export function readBody(request: Request, pool: Pool | null, length: u32, whole: bool, end: bool): void {
  if (request.body == 0) begin(request, pool);
  if (request.body == 0) return;
  const body = changetype<Body>(request.body);
  if (body.status != BODY_OPEN) {
    // It is neither a JSON object nor a form: there is nothing to be learned.
    if (whole) request.scanned = length;
    return;
  }
  let from = whole ? request.scanned : 0;
  while (from < length) {
    resetArena();
    if (!host.getBuffer(BUFFER_REQUEST_BODY, from, min(SLICE, length - from)) || host.resultLength == 0) return;
    feedBody(body, host.resultAt, host.resultLength);
    from += host.resultLength;
    if (request.renaming == 0) continue;
    const grown = editModels(request, body, pool === null ? 0 : pool.policy, from);
    from += grown;
    length += grown;
  }
  if (whole) request.scanned = length;
  else if (request.renaming != 0 && !end) holdBack(request, body, length);
  if (end && request.renaming != 0) letGo(request);
}

/** The body is complete. What is known of it goes by the model that it has now. */
export function finishBody(request: Request): void {
  if (request.body == 0) return;
  const body = changetype<Body>(request.body);
  if (request.renaming != 0) tellNewModel(request, body, changetype<Renaming>(request.renaming));
  endBody(body);
}

function tellNewModel(request: Request, body: Body, renaming: Renaming): void {
  if (!isEdited(renaming)) return;
  keepModel(request, body);
  replaceModel(body, renaming.target, targetAt(renaming), renaming.targetLength);
}

function begin(request: Request, pool: Pool | null): void {
  if (request.boundary != 0) {
    request.body = changetype<usize>(takeForm(request.boundary, request.boundaryLength));
    return;
  }
  const known = pool !== null && pool.plan != 0;
  const blockTokens = known ? promptBlockTokens(pool!) : UNKNOWN_POOL_BLOCK_TOKENS;
  const most = known ? planMaxBlocks(pool!.plan) : UNKNOWN_POOL_BLOCKS;
  request.blockTokens = blockTokens;
  request.body = changetype<usize>(takeBody(blockTokens * BYTES_PER_TOKEN, most));
}
