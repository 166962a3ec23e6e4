// What request headers tell of a request. Behind the buffer filter they can be read in this callback only, so what is
// needed later is kept in the record.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { takeBlock } from "../memory/blocks.ts";
import { Root } from "../root.ts";
import { sessionOf } from "../schedule/session.ts";
import { NEEDS_SESSION } from "../schedule/signals.ts";
import { HANDLER_SINGLE, SAMPLER_OFF } from "../../wire/layout.ts";
import { planHandler } from "../wire/plan.ts";
import { planSampler } from "../wire/sampling.ts";
import { apiOf } from "./api.ts";
import {
  CONTENT_TYPE, DATA_PARALLEL, DESTINATION, ENCODERS, EXPLAIN, FAIRNESS, hasHeader, headerAt, headerLength, headerName,
  lookFor, METHOD, MODEL, OBJECTIVE, OLD_FAIRNESS, OLD_MODEL, OLD_OBJECTIVE, OLD_SLO_TPOT, OLD_SLO_TTFT, PATH,
  PREFILLER, SESSION, SLO_TPOT, SLO_TTFT, walkHeaders,
} from "./header-map.ts";
import { keepClients } from "./limit.ts";
import { boundaryIn, boundaryLength, MEDIA_FORM, mediaOf } from "./media-type.ts";
import { Request } from "./request.ts";
import { sample } from "./traced.ts";

/** Endpoints that an explanation lists where the client names no number. */
const EXPLAINED: u32 = 8;
/** Longest model name that a header may give; the rest of a longer one is cut off. */
const MODEL_BYTES: u32 = 4096;
const POST: u32 = 0x54534f50; // in memory, little-endian

/**
 * Reads what the headers say into the record, and removes those with which clients would interfere, or which no model
 * server has a use for. Only what is there is removed: after a change Envoy looks for the route anew.
 */
export function readHeaders(root: Root, request: Request): void {
  const pool = root.knownPool(request.pool);
  const sessions = pool !== null && (pool.derived.planNeeds & NEEDS_SESSION) != 0;
  if (sessions) lookFor(SESSION, pool!.derived.sessionHeader, pool!.derived.sessionHeaderLength);
  else lookFor(SESSION, 0, 0);
  lookFor(EXPLAIN, root.config.explainHeader.at, root.config.explainHeader.length);
  if (!host.getHeaders(MAP_REQUEST_HEADERS)) return;
  walkHeaders(host.resultAt, host.resultLength);
  if (pool !== null && planSampler(pool.plan) != u32(SAMPLER_OFF)) {
    request.traced = sample(pool.plan, host.resultAt, host.resultLength);
  }

  request.posts = hasHeader(METHOD) && headerLength(METHOD) == 4 && load<u32>(headerAt(METHOD)) == POST;
  if (hasHeader(PATH)) request.api = apiOf(headerAt(PATH), headerLength(PATH));
  if (hasHeader(CONTENT_TYPE)) readType(request, headerAt(CONTENT_TYPE), headerLength(CONTENT_TYPE));
  request.objective = nameOf(OBJECTIVE, OLD_OBJECTIVE);
  request.fairness = nameOf(FAIRNESS, OLD_FAIRNESS);
  request.sloTtft = numberOf(SLO_TTFT, OLD_SLO_TTFT);
  request.sloTpot = numberOf(SLO_TPOT, OLD_SLO_TPOT);
  keepModel(request);
  if (hasHeader(SESSION)) request.session = sessionOf(headerAt(SESSION), headerLength(SESSION));
  if (hasHeader(EXPLAIN)) request.explain = max<u32>(u32(decimal(EXPLAIN, EXPLAINED)), 1);

  if (pool !== null) keepClients(request, pool.plan);

  remove(DESTINATION);
  // Where this filter holds requests there is no header_mutation behind it that would take them off whatever the plan,
  // and a model server's own proxy obeys them from anyone.
  if (root.config.hold == HOLD_SELF || (pool !== null && planHandler(pool.plan) != u32(HANDLER_SINGLE))) {
    for (let which = PREFILLER; which <= DATA_PARALLEL; which++) remove(which);
  }
  for (let which = OBJECTIVE; which <= OLD_MODEL; which++) remove(which);
}

function remove(which: u32): void {
  if (hasHeader(which)) host.removeHeader(MAP_REQUEST_HEADERS, headerName(which));
}

// Which of a header's two names is there; `old` where neither is.
function either(which: u32, old: u32): u32 {
  return hasHeader(which) ? which : old;
}

// The xxh64 of a header under either name; 0 where there is none or it is empty.
function nameOf(which: u32, old: u32): u64 {
  const there = either(which, old);
  if (!hasHeader(there) || headerLength(there) == 0) return 0;
  return xxh64(headerAt(there), headerLength(there));
}

// A number under either name; 0 where there is none.
function numberOf(which: u32, old: u32): f64 {
  const there = either(which, old);
  return hasHeader(there) ? decimal(there, 0) : 0;
}

function readType(request: Request, at: usize, length: u32): void {
  request.media = mediaOf(at, length);
  if (request.media != MEDIA_FORM) return;
  const boundary = boundaryIn(at, length);
  if (boundary == 0) return;
  request.boundary = takeBlock(boundaryLength);
  request.boundaryLength = boundaryLength;
  memory.copy(request.boundary, boundary, boundaryLength);
}

function keepModel(request: Request): void {
  const there = either(MODEL, OLD_MODEL);
  if (!hasHeader(there)) return;
  const length = min(headerLength(there), MODEL_BYTES);
  if (length == 0) return;
  request.forcedModel = takeBlock(length);
  request.forcedModelLength = length;
  memory.copy(request.forcedModel, headerAt(there), length);
}

// A header's value as a number without sign and exponent; `otherwise` where it is none.
function decimal(which: u32, otherwise: f64): f64 {
  const at = headerAt(which);
  const length = headerLength(which);
  let value: f64 = 0;
  let scale: f64 = 0;
  if (length == 0 || length > 20) return otherwise;
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(at + i);
    if (byte == 0x2e && scale == 0) {
      scale = 1;
    } else if (byte >= 0x30 && byte <= 0x39) {
      value = value * 10 + f64(byte - 0x30);
      scale *= 10;
    } else {
      return otherwise;
    }
  }
  return scale == 0 ? value : value / scale;
}
