// The decision for one request, and how it leaves the filter.

import * as host from "../abi/host.ts";
import { SUBSET_METADATA } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { count, FAILED_CLOSED, FAILED_OPEN, PICKS } from "../metrics.ts";
import { Root } from "../root.ts";
import { pickAt } from "../schedule/candidates.ts";
import {
  afterPick, dataParallelPort, encodePickAt, encodePicks, FILTERED_OUT, prefillPick, schedule, scheduleAny,
  scheduleOutcome,
} from "../schedule/schedule.ts";
import { allowAll, allowOnly } from "../schedule/subset.ts";
import { beginTrace, endTrace } from "../schedule/trace.ts";
import { Pool } from "../state/pool.ts";
import { Line } from "../text/line.ts";
import { Text, text } from "../text/text.ts";
import { HANDLER_SINGLE } from "../../wire/layout.ts";
import { planHandler } from "../wire/plan.ts";
import { endpointAddressAt, endpointAddressLength, endpointKey } from "../wire/roster.ts";
import { describe } from "./describe.ts";
import { explained, keepExplanation } from "./explain.ts";
import { failsOpen, ownPool } from "./find-pool.ts";
import { filteredOut } from "./filtered-out.ts";
import {
  DATA_PARALLEL_STATE, DESTINATION_STATE, ENCODERS_STATE, PREFILLER_STATE, sendPick,
} from "./handler-headers.ts";
import { DATA_PARALLEL_HEADER, DESTINATION_HEADER, ENCODERS_HEADER, PREFILLER_HEADER } from "./header-map.ts";
import { sendModel } from "./model.ts";
import { beginRunning } from "./observe.ts";
import { departed } from "./outcome.ts";
import { mustPostpone } from "./postpone.ts";
import { NO_REASON, refuse, REJECTED_NO_ENDPOINTS } from "./refuse.ts";
import { countAt, remember, Request } from "./request.ts";
import { keepPicked, Traced } from "./traced.ts";
import { withoutPool } from "./without-pool.ts";

/** Dynamic metadata: a text with addresses. Lists of texts Envoy does not hand to filters. */
const SUBSET = text("metadata\0filter_metadata\0envoy.lb.subset_hint\0x-gateway-destination-endpoint-subset");
const DETAILS_NO_ENDPOINT = text("inline_epp_no_endpoint");
const list = new Line();
const reason = new Line();

/**
 * Picks endpoints for a request and sends the decision on its way. `whole`: there is a body, and all of it has
 * passed. False: the request has been answered here and must not go on.
 */
export function decide(root: Root, request: Request, whole: bool): bool {
  request.decided = true;
  const pool = root.freshPool(request.pool);
  if (pool === null) return withoutPool(root, request);
  const now = host.now();
  const staleAfter = root.config.staleAfter;
  let picks: u32;
  readSubset(root);
  if (whole) {
    describe(request, pool);
    beginTrace(pool, explained(request));
    picks = schedule(pool, now, staleAfter);
    endTrace();
    keepExplanation(request);
  } else {
    picks = scheduleAny(pool, now, staleAfter);
  }
  if (picks == 0) {
    if (scheduleOutcome() == FILTERED_OUT) return filteredOut(request, pool, now);
    return undecided(
      root, request, DETAILS_NO_ENDPOINT, "no endpoint of the pool takes requests", REJECTED_NO_ENDPOINTS,
    );
  }
  send(root, request, pool, picks);
  if (request.traced != 0) keepPicked(changetype<Traced>(request.traced), endpointKey(pool.roster, pickAt(0)), now);
  sendModel(root, request);
  if (whole) {
    departed(request, pool, pickAt(0), prefillPick(), now);
    beginRunning(request);
    afterPick();
  } else {
    countAt(request, pool.slot(pickAt(0)));
  }
  count(PICKS);
  return true;
}

// Where the gateway tells among which endpoints to choose, only those are candidates.
function readSubset(root: Root): void {
  if (root.config.subset == SUBSET_METADATA && host.getProperty(SUBSET)) allowOnly(host.resultAt, host.resultLength);
  else allowAll();
}

function send(root: Root, request: Request, pool: Pool, picks: u32): void {
  const roster = pool.roster;
  const port = dataParallelPort();
  list.clear();
  for (let place: u32 = 0; place < picks; place++) {
    const row = pickAt(place);
    const begin = listAddress(roster, row);
    if (port != 0) list.portFrom(begin, port);
    remember(request, place, port == 0 ? endpointKey(roster, row) : xxh64(list.at + begin, list.length - begin));
  }
  request.picks = picks;
  request.byPod = port != 0;
  sendPick(root, DESTINATION_HEADER, DESTINATION_STATE, list);
  if (planHandler(pool.plan) != u32(HANDLER_SINGLE)) sendHandlerPicks(root, pool, port);
}

// What a profile handler picks beside the destination.
function sendHandlerPicks(root: Root, pool: Pool, port: u32): void {
  const roster = pool.roster;
  if (port != 0) {
    list.clear();
    listAddress(roster, pickAt(0));
    sendPick(root, DATA_PARALLEL_HEADER, DATA_PARALLEL_STATE, list);
  }
  const prefiller = prefillPick();
  if (prefiller >= 0) {
    list.clear();
    listAddress(roster, u32(prefiller));
    sendPick(root, PREFILLER_HEADER, PREFILLER_STATE, list);
  }
  const encoders = encodePicks();
  if (encoders == 0) return;
  list.clear();
  for (let place: u32 = 0; place < encoders; place++) listAddress(roster, encodePickAt(place));
  sendPick(root, ENCODERS_HEADER, ENCODERS_STATE, list);
}

// Appends a roster row's address to the list. Returns where in it the address begins.
function listAddress(roster: usize, row: u32): u32 {
  if (list.length > 0) list.add(",");
  const begin = list.length;
  list.bytes(endpointAddressAt(roster, row), endpointAddressLength(roster, row));
  return begin;
}

/**
 * There is no decision: by failure mode the request goes on without one (true) or is answered 503 (false), with the
 * name of the pool where it is the request's own and the reason `dropped`.
 */
export function undecided(
  root: Root, request: Request, details: Text, why: string, dropped: Text = NO_REASON,
): bool {
  if (failsOpen(root)) {
    count(FAILED_OPEN);
    return true;
  }
  if (mustPostpone()) return false;
  count(FAILED_CLOSED);
  const line = reason.clear().add(why);
  const view = ownPool(root, request);
  if (view !== null) view.addName(line.add(" (")).add(")");
  return refuse(request, 503, details, line, dropped);
}
