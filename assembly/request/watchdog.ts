// With hold "self" a host without allow_on_headers_stop_iteration never calls back for the body, and requests would
// hang for ever. Until a body callback has proven the setting right, held requests are timed and let go.

import * as host from "../abi/host.ts";
import { OnceAMinute } from "../abi/once-a-minute.ts";
import { STREAM_REQUEST } from "../abi/values.ts";
import { count, WATCHDOG } from "../metrics.ts";
import { Root } from "../root.ts";
import { text } from "../text/text.ts";
import { undecided } from "./decide.ts";
import { Request } from "./request.ts";

const DETAILS = text("inline_epp_watchdog");
const warning = new OnceAMinute();

/** Notes that a request is held from now on. */
export function hold(root: Root, request: Request): void {
  if (root.bodySeen) return;
  request.heldSince = host.now();
  const newest = root.newestHeld;
  if (newest === null) root.oldestHeld = request;
  else newest.newer = changetype<usize>(request);
  request.older = changetype<usize>(newest);
  root.newestHeld = request;
}

/** A held request goes on, or is gone. */
export function unhold(root: Root, request: Request): void {
  if (request.heldSince == 0) return;
  request.heldSince = 0;
  const older = changetype<Request | null>(request.older);
  const newer = changetype<Request | null>(request.newer);
  if (older === null) root.oldestHeld = newer;
  else older.newer = request.newer;
  if (newer === null) root.newestHeld = older;
  else newer.older = request.older;
  request.older = 0;
  request.newer = 0;
}

/** Lets requests go by the failure mode when their wait is over; runs on the root's tick. */
export function releaseOverdue(root: Root, now: u64): void {
  if (root.bodySeen) return;
  for (let request = root.oldestHeld; request !== null; request = root.oldestHeld) {
    if (i64(now - request.heldSince) < root.config.watchdog) return;
    unhold(root, request);
    request.decided = true;
    count(WATCHDOG);
    if (warning.due(now)) {
      host.logError(
        host.logLine().add("hold is \"self\", but no request body reached the filter in time; if this repeats, set ")
          .add("allow_on_headers_stop_iteration: true in Envoy's PluginConfig, or hold to \"buffer\"; ")
          .add("requests are let go by failureMode"),
      );
    }
    if (!host.setContext(request.id)) continue;
    const why = "the gateway's wasm filter is misconfigured (allow_on_headers_stop_iteration)";
    if (undecided(root, request, DETAILS, why)) host.continueStream(STREAM_REQUEST);
    host.setContext(root.id);
  }
}
