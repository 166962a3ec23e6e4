// The plugin configuration: one JSON object, flat but for `pools`, read once per root context. Strict: what is unknown
// or wrong refuses the whole configuration and is named, so that a typing error never becomes a silent default.

import { Line } from "../text/line.ts";
import { assign, emptyText, spells, Text, text } from "../text/text.ts";
import { Cursor } from "./cursor.ts";
import { parseDuration } from "./duration.ts";
import { PoolMap } from "./pool-map.ts";
import { readPools } from "./pools-field.ts";
import { parseSize } from "./size.ts";

/** How a request waits for its decision. */
export const HOLD_BUFFER: i32 = 0; // a buffer filter behind this one holds it; the decision leaves as filter state
export const HOLD_SELF: i32 = 1; // this filter holds it; needs allow_on_headers_stop_iteration

/** What happens to a request for which there is no decision. */
export const FAIL_CLOSE: i32 = 0; // it is answered 503
export const FAIL_OPEN: i32 = 1; // it goes where the cluster's fallback policy sends it

/** In which shape the filter's own errors are. */
export const ERRORS_API: i32 = 0; // that of the API which the request speaks
export const ERRORS_PLAIN: i32 = 1; // one line of text, as the reference has it

/** What says to which pool a request belongs. */
export const POOL_CONFIGURED: i32 = 0; // the field `pool`, or there is only one pool
export const POOL_FROM_CLUSTER: i32 = 1; // the name of the cluster that the request is routed to
export const POOL_FROM_ROUTE: i32 = 2; // the name of its route
export const POOL_FROM_METADATA: i32 = 3; // `pool` among the metadata `inline-epp` of that cluster

/** What says among which endpoints of its pool a request may be sent. */
export const SUBSET_NONE: i32 = 0; // nothing: among all
export const SUBSET_METADATA: i32 = 1; // its dynamic metadata

const MAX_TEXT: u32 = 253;
const MOST_PREFIX_MEMORY: i64 = 536870912;
const LEAST_PREFIX_MEMORY: i64 = 65536;
const DEFAULT_AUTHORITY: Text = text("inline-epp");
const cursor = new Cursor();

/**
 * Settings of one root context. The object is filled anew for each configuration, so that none leaves garbage. What the
 * comments on its fields say is for those who write the configuration: docs/reference/filter.md is made of them.
 */
@final
export class PluginConfig {
  /** The Envoy cluster that leads to the sidecar's gRPC port, by HTTP/2. */
  readonly stateCluster: Text = emptyText(MAX_TEXT);
  /** `:authority` of the stream of state. */
  readonly authority: Text = emptyText(MAX_TEXT);
  /**
   * The name of the Envoy route that a request must be on; others pass untouched, as those for no pool do. For gateways
   * whose filter sees the requests of every route. Left out, any.
   */
  readonly route: Text = emptyText(MAX_TEXT);
  /**
   * The pool to pick from for every request, `namespace/name`. Left out, the only pool that there is; required where
   * the sidecar serves several and `poolFrom` is not set.
   */
  readonly pool: Text = emptyText(MAX_TEXT);
  /** What names each request's own pool: [many pools](../configuration.md#many-pools). Not together with `pool`. */
  poolFrom: i32;
  /**
   * With `poolFrom` only: the name of a cluster or route to its pool, `namespace/name`; 1 to 64 entries. Left out,
   * names follow a convention.
   */
  readonly pools: PoolMap = new PoolMap();
  /**
   * The request header by which a client may ask why an endpoint was picked; the answer brings the explanation, JSON,
   * under the same name. Its value is how many endpoints to list: 8 where it is no number, one where it is 0
   * ([explain](../explain.md)). Left out, nobody is told.
   */
  readonly explainHeader: Text = emptyText(MAX_TEXT);
  /**
   * Who keeps a request until its body has passed: `buffer`, a buffer filter behind this one; `self`, this filter,
   * which needs `allow_on_headers_stop_iteration: true`, and on the route or virtual host `request_body_buffer_limit`:
   * without the buffer filter's own limit Envoy's 1 MiB holds, and longer bodies get 413.
   */
  hold: i32;
  /**
   * Without state or endpoint: `FailClose` answers 503, `FailOpen` leaves the choice to the cluster's fallback policy.
   */
  failureMode: i32;
  /**
   * What the filter's own answers look like: `api`, the error object of the API that the request speaks, which clients
   * read ([errors](../configuration.md#errors)); `plain`, the line of text that the reference answers.
   */
  errors: i32;
  /**
   * `metadata`: a request goes only to endpoints that its dynamic metadata `envoy.lb.subset_hint` names under
   * `x-gateway-destination-endpoint-subset`, a text: `ip:port`, or `ip` for all of an address, with commas. Empty, or
   * nobody of them: 503. Lists Envoy does not hand to filters.
   */
  subset: i32;
  /** How long the samples of a silent sidecar are believed; after that only requests in flight count. */
  staleAfter: i64;
  /**
   * `hold: self` only: how long a request waits for a first body callback before it is let go by the failure mode. On
   * each worker, until one body has come: a client that is slower than this with the first one is let go too.
   */
  watchdog: i64;
  /**
   * Memory of each worker for the index of prompt blocks, rounded down to a power of two; up to a quarter more where
   * many endpoints hold the same blocks. 16 bytes per block of an endpoint, or of two that share it: 16MiB know a
   * million blocks, which at 64 tokens each is more than a hundred endpoints' caches of half a million tokens. When it
   * is full, what was used longest ago goes. Memory is taken as it is used. The first configuration of a worker counts:
   * its index keeps its size until the process ends.
   */
  prefixMemory: u32;

  /** Back to the defaults: times in microseconds, memory in bytes. */
  reset(): void {
    this.stateCluster.length = 0;
    this.route.length = 0;
    this.pool.length = 0;
    this.poolFrom = POOL_CONFIGURED;
    this.pools.clear();
    this.explainHeader.length = 0;
    assign(this.authority, DEFAULT_AUTHORITY.at, DEFAULT_AUTHORITY.length);
    this.hold = HOLD_BUFFER;
    this.failureMode = FAIL_CLOSE;
    this.errors = ERRORS_API;
    this.subset = SUBSET_NONE;
    this.staleAfter = 5_000_000;
    this.watchdog = 5_000_000;
    this.prefixMemory = 16_777_216;
  }
}

/**
 * Reads the configuration into `config`. False where it is refused; `error` then says which field, what it is, and
 * what it must be.
 */
export function parsePluginConfig(config: PluginConfig, at: usize, length: u32, error: Line): bool {
  config.reset();
  if (!cursor.begin(at, length).take(0x7b)) return refuse(error, "must be a JSON object");
  let first = true;
  while (!cursor.take(0x7d)) {
    if (!first && !cursor.take(0x2c)) return refuse(error, "is not JSON: expected a comma or a closing brace");
    first = false;
    if (!cursor.text()) return refuse(error, "is not JSON: expected a field name");
    const nameAt = cursor.textAt;
    const nameLength = cursor.textLength;
    if (!cursor.take(0x3a)) return refuse(error, "is not JSON: expected a colon");
    if (!isField(nameAt, nameLength)) {
      error.add("unknown field \"").bytes(nameAt, nameLength)
        .add("\"; fields: stateCluster, authority, route, pool, poolFrom, ")
        .add("pools, hold, failureMode, staleAfter, watchdog, prefixMemory, explainHeader, errors, subset");
      return false;
    }
    if (spells(nameAt, nameLength, "pools")) {
      if (!readPools(cursor, config.pools, MAX_TEXT, error)) return false;
      continue;
    }
    if (!cursor.text()) {
      error.bytes(nameAt, nameLength).add(" must be a string without escapes");
      return false;
    }
    if (!setField(config, nameAt, nameLength, cursor.textAt, cursor.textLength, error)) return false;
  }
  if (!cursor.done()) return refuse(error, "goes on after the closing brace");
  if (config.stateCluster.length == 0) {
    error.add("stateCluster is required: the Envoy cluster of the sidecar's state stream");
    return false;
  }
  return fitTogether(config, error);
}

// Fields that are right each by itself may still contradict each other.
function fitTogether(config: PluginConfig, error: Line): bool {
  if (config.poolFrom != POOL_CONFIGURED && config.pool.length != 0) {
    error.add("pool and poolFrom exclude each other: either all requests have one pool, or each has its own");
    return false;
  }
  if (config.poolFrom == POOL_CONFIGURED && config.pools.size != 0) {
    error.add("pools needs poolFrom: are its names those of clusters (\"cluster\") or of routes (\"route\")?");
    return false;
  }
  return true;
}

function refuse(error: Line, what: string): bool {
  error.add("the configuration ").add(what);
  return false;
}

function isField(at: usize, length: u32): bool {
  return (
    spells(at, length, "stateCluster") || spells(at, length, "authority") || spells(at, length, "route") ||
    spells(at, length, "pool") ||
    spells(at, length, "poolFrom") || spells(at, length, "pools") || spells(at, length, "hold") ||
    spells(at, length, "failureMode") || spells(at, length, "staleAfter") || spells(at, length, "watchdog") ||
    spells(at, length, "prefixMemory") || spells(at, length, "explainHeader") ||
    spells(at, length, "errors") || spells(at, length, "subset")
  );
}

function setField(config: PluginConfig, name: usize, nameLength: u32, at: usize, length: u32, error: Line): bool {
  if (spells(name, nameLength, "hold")) {
    if (spells(at, length, "buffer")) config.hold = HOLD_BUFFER;
    else if (spells(at, length, "self")) config.hold = HOLD_SELF;
    else return wrong(error, name, nameLength, at, length, "\"buffer\" or \"self\"");
    return true;
  }
  if (spells(name, nameLength, "poolFrom")) {
    if (spells(at, length, "cluster")) config.poolFrom = POOL_FROM_CLUSTER;
    else if (spells(at, length, "route")) config.poolFrom = POOL_FROM_ROUTE;
    else if (spells(at, length, "metadata")) config.poolFrom = POOL_FROM_METADATA;
    else return wrong(error, name, nameLength, at, length, "\"cluster\", \"route\" or \"metadata\"");
    return true;
  }
  if (spells(name, nameLength, "failureMode")) {
    if (spells(at, length, "FailOpen")) config.failureMode = FAIL_OPEN;
    else if (spells(at, length, "FailClose")) config.failureMode = FAIL_CLOSE;
    else return wrong(error, name, nameLength, at, length, "\"FailOpen\" or \"FailClose\"");
    return true;
  }
  if (spells(name, nameLength, "errors")) {
    if (spells(at, length, "api")) config.errors = ERRORS_API;
    else if (spells(at, length, "plain")) config.errors = ERRORS_PLAIN;
    else return wrong(error, name, nameLength, at, length, "\"api\" or \"plain\"");
    return true;
  }
  if (spells(name, nameLength, "subset")) {
    if (spells(at, length, "none")) config.subset = SUBSET_NONE;
    else if (spells(at, length, "metadata")) config.subset = SUBSET_METADATA;
    else return wrong(error, name, nameLength, at, length, "\"none\" or \"metadata\"");
    return true;
  }
  if (spells(name, nameLength, "staleAfter") || spells(name, nameLength, "watchdog")) {
    const duration = parseDuration(at, length);
    if (duration <= 0) {
      return wrong(error, name, nameLength, at, length, "a duration such as \"500ms\", \"5s\" or \"2m\"");
    }
    if (spells(name, nameLength, "staleAfter")) config.staleAfter = duration;
    else config.watchdog = duration;
    return true;
  }
  if (spells(name, nameLength, "prefixMemory")) {
    const size = parseSize(at, length);
    if (size < LEAST_PREFIX_MEMORY || size > MOST_PREFIX_MEMORY) {
      return wrong(error, name, nameLength, at, length, "an amount of memory from \"64KiB\" to \"512MiB\"");
    }
    config.prefixMemory = u32(size);
    return true;
  }
  if (length == 0 || length > MAX_TEXT) return wrong(error, name, nameLength, at, length, "1 to 253 characters");
  if (spells(name, nameLength, "stateCluster")) assign(config.stateCluster, at, length);
  else if (spells(name, nameLength, "authority")) assign(config.authority, at, length);
  else if (spells(name, nameLength, "route")) assign(config.route, at, length);
  else if (spells(name, nameLength, "pool")) assign(config.pool, at, length);
  else return setHeaderName(config, name, nameLength, at, length, error);
  return true;
}

// Envoy's header names are in lower case.
function setHeaderName(config: PluginConfig, name: usize, nameLength: u32, at: usize, length: u32, error: Line): bool {
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(at + i);
    const fits = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte == 0x2d || byte == 0x5f;
    if (!fits) return wrong(error, name, nameLength, at, length, "a header name in lower case, such as \"x-explain\"");
  }
  assign(config.explainHeader, at, length);
  return true;
}

function wrong(error: Line, name: usize, nameLength: u32, at: usize, length: u32, expected: string): bool {
  error.bytes(name, nameLength).add(" is \"").bytes(at, length).add("\", must be ").add(expected);
  return false;
}
