// Which pool a request is for.

import * as host from "../abi/host.ts";
import { FAIL_OPEN, POOL_CONFIGURED, POOL_FROM_CLUSTER, POOL_FROM_METADATA } from "../config/plugin-config.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { Root } from "../root.ts";
import { PoolView } from "../sync/pool-view.ts";
import { spells, Text, text } from "../text/text.ts";
import { poolNameAt, poolNameLength, poolNameOf } from "./pool-name.ts";
import { Request } from "./request.ts";

const CLUSTER_NAME = text("xds\0cluster_name");
const ROUTE_NAME = text("xds\0route_name");
const METADATA = text("xds\0cluster_metadata\0filter_metadata\0inline-epp\0pool");
const FAILURE_MODE = text("xds\0cluster_metadata\0filter_metadata\0inline-epp\0failureMode");

/** Notes the request's pool, at its headers and before they are changed. False: it is for none of ours. */
export function findPool(root: Root, request: Request): bool {
  const config = root.config;
  if (config.route.length != 0 && !isOn(config.route)) return false;
  request.pool = root.poolKey;
  if (config.poolFrom == POOL_CONFIGURED) return true;
  const byCluster = config.poolFrom == POOL_FROM_CLUSTER;
  const byMetadata = config.poolFrom == POOL_FROM_METADATA;
  if (!host.getProperty(byCluster ? CLUSTER_NAME : byMetadata ? METADATA : ROUTE_NAME)) return false;
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

/** Whether a request goes on where nothing can be decided: as the cluster's metadata say, else as configured. */
export function failsOpen(root: Root): bool {
  const config = root.config;
  if (config.poolFrom == POOL_FROM_METADATA && host.getProperty(FAILURE_MODE)) {
    return spells(host.resultAt, host.resultLength, "FailOpen");
  }
  return config.failureMode == FAIL_OPEN;
}

/** The pool that the request itself names, to be told of; null: the configuration says which one it is. */
export function ownPool(root: Root, request: Request): PoolView | null {
  const store = root.store;
  if (store === null || root.config.poolFrom == POOL_CONFIGURED) return null;
  const view = store.viewOf(request.pool);
  return view !== null && view.named ? view : null;
}
