// Answers those that have waited for as long as they may.

import * as host from "../abi/host.ts";
import { retryAfter } from "../admission/drain.ts";
import { Entry, Queue } from "../admission/queue.ts";
import { anyReady } from "../admission/saturation.ts";
import { count, EXPIRED } from "../metrics.ts";
import { Store } from "../sync/store.ts";
import { Line } from "../text/line.ts";
import { text } from "../text/text.ts";
import { planFlowControl, planNoEndpointTtl, planTtl } from "../wire/admission.ts";
import { leaveQueue } from "./admit.ts";
import { refuse, REJECTED_NO_ENDPOINTS, REJECTED_TTL_EXPIRED } from "./refuse.ts";
import { Request } from "./request.ts";

const DETAILS_EXPIRED = text("inline_epp_ttl_expired");
const TIMED_OUT = new Line().add("request timed out in queue");
const TIMED_OUT_WITHOUT = new Line().add("request timed out in queue and no endpoints are available");

/** Answers those of a queue whose time is over; in a tick. How long a request may wait, who is there now says. */
export function expire(queue: Queue, now: u64): void {
  if (queue.oldest == 0) return;
  const pool = changetype<Store>(queue.store).freshPool(queue.pool);
  if (pool === null || !planFlowControl(pool.plan)) return;
  const ready = anyReady(pool);
  const most = u64(ready ? planTtl(pool.plan) : planNoEndpointTtl(pool.plan)) * 1000;
  if (most == 0) return;
  while (queue.oldest != 0) {
    const entry = changetype<Entry>(queue.oldest);
    if (now - entry.since < most) return;
    const request = changetype<Request>(entry.waiter);
    leaveQueue(request);
    if (!host.setContext(request.id)) continue;
    request.decided = true;
    count(EXPIRED);
    answerExpired(request, queue, ready, now);
  }
}

function answerExpired(request: Request, queue: Queue, ready: bool, now: u64): void {
  if (ready) refuse(request, 429, DETAILS_EXPIRED, TIMED_OUT, REJECTED_TTL_EXPIRED, retryAfter(queue, now));
  else refuse(request, 503, DETAILS_EXPIRED, TIMED_OUT_WITHOUT, REJECTED_NO_ENDPOINTS);
}
