// There is no pool to pick from. Which setting is wrong, or whether time will mend it, is told in the answer, in the
// access log's response code details, and in the log.

import * as host from "../abi/host.ts";
import { OnceAMinute } from "../abi/once-a-minute.ts";
import { POOL_CONFIGURED } from "../config/plugin-config.ts";
import { Root } from "../root.ts";
import { NO_STATE, NO_SUCH_POOL, SEVERAL_POOLS } from "../sync/store.ts";
import { Text, text } from "../text/text.ts";
import { undecided } from "./decide.ts";
import { ownPool } from "./find-pool.ts";
import { Request } from "./request.ts";

const DETAILS_NO_STATE = text("inline_epp_no_state");
const DETAILS_NO_SUCH_POOL = text("inline_epp_no_such_pool");
const DETAILS_SEVERAL_POOLS = text("inline_epp_several_pools");
const warnings: StaticArray<OnceAMinute> = [new OnceAMinute(), new OnceAMinute(), new OnceAMinute()]; // by reason

/** Answers a request, or lets it go, by failure mode. False: it has been answered here and must not go on. */
export function withoutPool(root: Root, request: Request): bool {
  const store = root.store;
  const reason = store === null ? NO_STATE : store.reason;
  if (unchecked(warnings[reason]).due(host.now())) warn(root, request, reason);
  return undecided(root, request, details(reason), explanation(root, reason));
}

function details(reason: i32): Text {
  if (reason == NO_SUCH_POOL) return DETAILS_NO_SUCH_POOL;
  return reason == SEVERAL_POOLS ? DETAILS_SEVERAL_POOLS : DETAILS_NO_STATE;
}

function explanation(root: Root, reason: i32): string {
  switch (reason) {
    case NO_SUCH_POOL:
      if (root.config.poolFrom != POOL_CONFIGURED) return "the sidecar has no such pool";
      return "the sidecar has no pool of the configured name";
    case SEVERAL_POOLS:
      return "there are several pools, and the configuration names none";
    default:
      return "no endpoint state for the pool yet";
  }
}

function warn(root: Root, request: Request, reason: i32): void {
  const config = root.config;
  const line = host.logLine();
  const own = ownPool(root, request);
  switch (reason) {
    case NO_SUCH_POOL:
      if (own !== null) {
        own.addName(line.add("the sidecar has no pool \"")).add("\", which requests ask for (poolFrom)");
      } else {
        line.add("the sidecar has no pool \"").bytes(config.pool.at, config.pool.length)
          .add("\" (pool): is that the pool's namespace and name?");
      }
      break;
    case SEVERAL_POOLS:
      line.add("the sidecar has several pools: name one of them (pool)");
      break;
    default:
      line.add("requests come, but no endpoint state has come yet from the sidecar in cluster \"")
        .bytes(config.stateCluster.at, config.stateCluster.length).add("\" (stateCluster)");
      if (own !== null) own.addName(line.add(" for pool \"")).add("\"");
  }
  host.logWarn(line.add("; requests go by failureMode"));
}
