// The pool has endpoints that take requests, but the filters of the configuration let none of them serve this one.

import * as host from "../abi/host.ts";
import { OnceAMinute } from "../abi/once-a-minute.ts";
import { count, FILTERED } from "../metrics.ts";
import { Pool } from "../state/pool.ts";
import { Line } from "../text/line.ts";
import { text } from "../text/text.ts";
import { ROSTER_NAME_LENGTH, ROSTER_NAME_OFFSET } from "../../wire/layout.ts";
import { rosterText } from "../wire/roster.ts";
import { mustPostpone } from "./postpone.ts";
import { refuse, REJECTED_SATURATED } from "./refuse.ts";
import { Request } from "./request.ts";

const DETAILS_FILTERED_OUT = text("inline_epp_filtered_out");
const WHY = new Line().add("no endpoint passes the filters of the scheduling profile");
const warning = new OnceAMinute();

/**
 * Answers a request 429, whatever the failure mode: an endpoint chosen otherwise would be a wrong one. `now` is in
 * microseconds. Returns false, as decide does: the request must not go on.
 */
export function filteredOut(request: Request, pool: Pool, now: u64): bool {
  if (mustPostpone()) return false;
  count(FILTERED);
  if (warning.due(now)) warn(pool);
  return refuse(request, 429, DETAILS_FILTERED_OUT, WHY, REJECTED_SATURATED);
}

function warn(pool: Pool): void {
  const roster = pool.roster;
  host.logWarn(
    host.logLine().add("requests to pool \"")
      .bytes(rosterText(roster, roster, ROSTER_NAME_OFFSET), load<u32>(roster, ROSTER_NAME_LENGTH))
      .add("\" are answered 429: no endpoint passes the filters of the scheduling profile; do the endpoints have the ")
      .add("labels that the filters ask for? `inline-epp explain` shows which filter drops which endpoint"),
  );
}
