// What request headers tell the scheduler. Behind the buffer filter they can be read in this callback only, so what is
// needed later is kept in the record.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { HOLD_SELF } from "../config/plugin-config.ts";
import { Root } from "../root.ts";
import { sessionOf } from "../schedule/session.ts";
import { NEEDS_SESSION, NEEDS_TPOT, NEEDS_TTFT } from "../schedule/signals.ts";
import { Pool } from "../state/pool.ts";
import { Text, text } from "../text/text.ts";
import { HANDLER_SINGLE } from "../../wire/layout.ts";
import { planHandler } from "../wire/plan.ts";
import { removeHandlerHeaders } from "./handler-headers.ts";
import { Request } from "./request.ts";

const SLO_TTFT = text("x-slo-ttft-ms");
const SLO_TPOT = text("x-slo-tpot-ms");
const LLM_D_SLO_TTFT = text("x-llm-d-slo-ttft-ms");
const LLM_D_SLO_TPOT = text("x-llm-d-slo-tpot-ms");
/** Endpoints that an explanation lists where the client names no number. */
const EXPLAINED: u32 = 8;

/** Reads what the pool's plan has a use for. */
export function readHeaders(root: Root, request: Request): void {
  const explain = root.config.explainHeader;
  if (explain.length != 0 && host.getHeader(MAP_REQUEST_HEADERS, explain.at, explain.length)) {
    request.explain = max<u32>(u32(decimal(EXPLAINED)), 1);
  }
  const pool = root.knownPool(request.pool);
  // Where this filter holds requests there is no header_mutation behind it that would take them off whatever the plan,
  // and a model server's own proxy obeys them from anyone.
  if (root.config.hold == HOLD_SELF || (pool !== null && planHandler(pool.plan) != u32(HANDLER_SINGLE))) {
    removeHandlerHeaders();
  }
  if (pool === null) return;
  const needs = pool.derived.planNeeds;
  if ((needs & NEEDS_SESSION) != 0) request.session = readSession(pool);
  if ((needs & (NEEDS_TTFT | NEEDS_TPOT)) != 0) {
    request.sloTtft = readObjective(SLO_TTFT, LLM_D_SLO_TTFT);
    request.sloTpot = readObjective(SLO_TPOT, LLM_D_SLO_TPOT);
  }
}

function readSession(pool: Pool): u64 {
  const derived = pool.derived;
  if (!host.getHeader(MAP_REQUEST_HEADERS, derived.sessionHeader, derived.sessionHeaderLength)) return 0;
  return sessionOf(host.resultAt, host.resultLength);
}

// An objective under either name; 0 where there is none or it is no number.
function readObjective(name: Text, other: Text): f64 {
  if (
    !host.getHeader(MAP_REQUEST_HEADERS, name.at, name.length) &&
    !host.getHeader(MAP_REQUEST_HEADERS, other.at, other.length)
  ) return 0;
  return decimal(0);
}

// The header value that was read last as a number without sign and exponent; `otherwise` where it is none.
function decimal(otherwise: f64): f64 {
  let value: f64 = 0;
  let scale: f64 = 0;
  if (host.resultLength == 0 || host.resultLength > 20) return otherwise;
  for (let i: u32 = 0; i < host.resultLength; i++) {
    const byte = load<u8>(host.resultAt + i);
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
