// Which pool a request is for.

import * as host from "../abi/host.ts";
import { POOL_CONFIGURED, POOL_FROM_CLUSTER } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { Root } from "../root.ts";
import { PoolView } from "../sync/pool-view.ts";
import { Text, text } from "../text/text.ts";
import { poolNameAt, poolNameLength, poolNameOf } from "./pool-name.ts";
import { Request } from "./request.ts";

const CLUSTER_NAME = text("xds\0cluster_name");
const ROUTE_NAME = text("xds\0route_name");

/** Notes the request's pool, at its headers and before they are changed. False: it is for none of ours. */
export function findPool(root: Root, request: Request): bool {
  const config = root.config;
  if (config.route.length != 0 && !isOn(config.route)) return false;
  request.pool = root.poolKey;
  if (config.poolFrom == POOL_CONFIGURED) return true;
  const byCluster = config.poolFrom == POOL_FROM_CLUSTER;
  if (!host.getProperty(byCluster ? CLUSTER_NAME : ROUTE_NAME)) return false;
  const pools = config.pools;
  if (pools.size != 0) {
    const place = pools.find(host.resultAt, host.resultLength);
    if (place < 0) return false;
    request.pool = pools.pool(place);
    root.introducePool(request.pool, pools.poolAt(place), pools.poolLength(place));
    return true;
  }
  if (!poolNameOf(host.resultAt, host.resultLength, byCluster)) return false;
  request.pool = xxh64(poolNameAt, poolNameLength);
  root.introducePool(request.pool, poolNameAt, poolNameLength);
  return true;
}

// Whether the request is on the route of this name.
function isOn(route: Text): bool {
  if (!host.getProperty(ROUTE_NAME) || host.resultLength != route.length) return false;
  return memory.compare(host.resultAt, route.at, route.length) == 0;
}

/** The pool that the request itself names, to be told of; null: the configuration says which one it is. */
export function ownPool(root: Root, request: Request): PoolView | null {
  const store = root.store;
  if (store === null || root.config.poolFrom == POOL_CONFIGURED) return null;
  const view = store.viewOf(request.pool);
  return view !== null && view.named ? view : null;
}
