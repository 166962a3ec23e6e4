// The decision for one request, and how it leaves the filter.

import * as host from "../abi/host.ts";
import { MAP_REQUEST_HEADERS } from "../abi/values.ts";
import { FAIL_OPEN, HOLD_SELF } from "../config/plugin-config.ts";
import { count, FAILED_CLOSED, FAILED_OPEN, PICKS } from "../metrics.ts";
import { Root } from "../root.ts";
import { pickAt } from "../schedule/candidates.ts";
import { schedule, scheduleAny } from "../schedule/schedule.ts";
import { Pool } from "../state/pool.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";
import { endpointAddressAt, endpointAddressLength, endpointKey } from "../wire/roster.ts";
import { countAt, remember, Request } from "./request.ts";

/** The header that names the destination, as the Gateway API Inference Extension's protocol has it. */
export const DESTINATION_HEADER = text("x-gateway-destination-endpoint");
/** Envoy keeps this property as filter state `wasm.dest`. */
const DESTINATION_STATE = text("dest");

const NO_HEADERS = new Text(0, 0);
const DETAILS_NO_STATE = text("inline_epp_no_state");
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
  if (pool === null) return undecided(root, DETAILS_NO_STATE, "no endpoint state for the pool yet");
  const now = host.now();
  const staleAfter = root.config.staleAfter;
  const picks = whole ? schedule(pool, now, staleAfter) : scheduleAny(pool, now, staleAfter);
  if (picks == 0) return undecided(root, DETAILS_NO_ENDPOINT, "no endpoint of the pool takes requests");
  send(root, request, pool, picks);
  count(PICKS);
  return true;
}

function send(root: Root, request: Request, pool: Pool, picks: u32): void {
  const roster = pool.roster;
  list.clear();
  for (let place: u32 = 0; place < picks; place++) {
    const row = pickAt(place);
    if (place > 0) list.add(",");
    list.bytes(endpointAddressAt(roster, row), endpointAddressLength(roster, row));
    remember(request, place, endpointKey(roster, row));
  }
  request.picks = picks;
  countAt(request, pool.slot(pickAt(0)));
  if (root.config.hold == HOLD_SELF) host.setHeader(MAP_REQUEST_HEADERS, DESTINATION_HEADER, list.at, list.length);
  else host.setProperty(DESTINATION_STATE, list.at, list.length);
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
