// The decision for one request, and how it leaves the filter.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { FAIL_OPEN, HOLD_SELF } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { count, FAILED_CLOSED, FAILED_OPEN, PICKS } from "../metrics.ts";
import { Root } from "../root.ts";
import { pickAt } from "../schedule/candidates.ts";
import {
  afterPick, dataParallelPort, encodePickAt, encodePicks, FILTERED_OUT, prefillPick, schedule, scheduleAny,
  scheduleOutcome,
} from "../schedule/schedule.ts";
import { beginTrace, endTrace } from "../schedule/trace.ts";
import { Pool } from "../state/pool.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";
import { HANDLER_SINGLE } from "../../wire/layout.ts";
import { planHandler } from "../wire/plan.ts";
import { endpointAddressAt, endpointAddressLength, endpointKey } from "../wire/roster.ts";
import { describe } from "./describe.ts";
import { keepExplanation } from "./explain.ts";
import { filteredOut } from "./filtered-out.ts";
import { sendDataParallel, sendEncoders, sendPrefiller } from "./handler-headers.ts";
import { departed } from "./outcome.ts";
import { countAt, remember, Request } from "./request.ts";
import { withoutPool } from "./without-pool.ts";

/** The header that names the destination, as the Gateway API Inference Extension's protocol has it. */
export const DESTINATION_HEADER = text("x-gateway-destination-endpoint");
/** Envoy keeps this property as filter state `wasm.dest`. */
const DESTINATION_STATE = text("dest");

const NO_HEADERS = new Text(0, 0);
const DETAILS_NO_ENDPOINT = text("inline_epp_no_endpoint");
const list = new Line();
const body = new Line();

/**
 * Picks endpoints for a request and sends the decision on its way. `whole`: there is a body, and all of it has
 * passed. False: the request has been answered here and must not go on.
 */
export function decide(root: Root, request: Request, whole: bool): bool {
  request.decided = true;
  const pool = root.freshPool();
  if (pool === null) return withoutPool(root);
  const now = host.now();
  const staleAfter = root.config.staleAfter;
  let picks: u32;
  if (whole) {
    describe(request, pool);
    beginTrace(pool, request.explain);
    picks = schedule(pool, now, staleAfter);
    endTrace();
    keepExplanation(request);
  } else {
    picks = scheduleAny(pool, now, staleAfter);
  }
  if (picks == 0) {
    if (scheduleOutcome() == FILTERED_OUT) return filteredOut(pool, now);
    return undecided(root, DETAILS_NO_ENDPOINT, "no endpoint of the pool takes requests");
  }
  send(root, request, pool, picks);
  if (whole) {
    departed(request, pool, pickAt(0), prefillPick(), now);
    afterPick();
  } else {
    countAt(request, pool.slot(pickAt(0)));
  }
  count(PICKS);
  return true;
}

function send(root: Root, request: Request, pool: Pool, picks: u32): void {
  const roster = pool.roster;
  const port = dataParallelPort();
  list.clear();
  for (let place: u32 = 0; place < picks; place++) {
    const row = pickAt(place);
    if (place > 0) list.add(",");
    const begin = list.length;
    list.bytes(endpointAddressAt(roster, row), endpointAddressLength(roster, row));
    if (port != 0) list.portFrom(begin, port);
    remember(request, place, port == 0 ? endpointKey(roster, row) : xxh64(list.at + begin, list.length - begin));
  }
  request.picks = picks;
  request.byPod = port != 0;
  if (root.config.hold == HOLD_SELF) host.setHeader(MAP_REQUEST_HEADERS, DESTINATION_HEADER, list.at, list.length);
  else host.setProperty(DESTINATION_STATE, list.at, list.length);
  if (planHandler(pool.plan) != u32(HANDLER_SINGLE)) sendHandlerPicks(root, pool, port);
}

// What a profile handler picks beside the destination.
function sendHandlerPicks(root: Root, pool: Pool, port: u32): void {
  const roster = pool.roster;
  if (port != 0) sendDataParallel(root, addressOf(roster, pickAt(0)));
  const prefiller = prefillPick();
  if (prefiller >= 0) sendPrefiller(root, addressOf(roster, u32(prefiller)));
  const encoders = encodePicks();
  if (encoders == 0) return;
  list.clear();
  for (let place: u32 = 0; place < encoders; place++) {
    const row = encodePickAt(place);
    if (place > 0) list.add(",");
    list.bytes(endpointAddressAt(roster, row), endpointAddressLength(roster, row));
  }
  sendEncoders(root, list);
}

function addressOf(roster: usize, row: u32): Line {
  return list.clear().bytes(endpointAddressAt(roster, row), endpointAddressLength(roster, row));
}

/** There is no decision: by failure mode the request goes on without one (true) or is answered 503 (false). */
export function undecided(root: Root, details: Text, why: string): bool {
  if (root.config.failureMode == FAIL_OPEN) {
    count(FAILED_OPEN);
    return true;
  }
  count(FAILED_CLOSED);
  host.respond(503, details, body.clear().add("inference error: ServiceUnavailable - ").add(why), NO_HEADERS);
  return false;
}
