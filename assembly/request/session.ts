// The session token that binds a client's next request to the endpoint which serves this one.

import * as host from "../abi/host.ts";
import { MAP_RESPONSE_HEADERS } from "../abi/values.ts";
import { Root } from "../root.ts";
import { Pool } from "../state/pool.ts";
import { encodeBase64 } from "../text/base64.ts";
import { ENDPOINT_NAME_LENGTH, ENDPOINT_NAME_OFFSET } from "../../wire/layout.ts";
import { endpointKey, endpointRow, rosterEndpoints, rosterText } from "../wire/roster.ts";

/** Names longer than Kubernetes makes them get no token. */
const NAME_BYTES: u32 = 512;
const token: usize = memory.data(1024);

/**
 * Sets the session header of an answer that comes from the endpoint with this key, where the plan of the request's pool
 * has sessions.
 */
export function tellSession(root: Root, poolKey: u64, key: u64): void {
  const pool = root.knownPool(poolKey);
  if (pool === null || pool.derived.sessionHeaderLength == 0) return;
  const row = rowOf(pool, key);
  if (row < 0) return;
  const endpoint = endpointRow(pool.roster, row);
  const length = load<u32>(endpoint, ENDPOINT_NAME_LENGTH);
  if (length == 0 || length > NAME_BYTES) return;
  const bytes = encodeBase64(rosterText(pool.roster, endpoint, ENDPOINT_NAME_OFFSET), length, token);
  const derived = pool.derived;
  host.setHeaderAt(MAP_RESPONSE_HEADERS, derived.sessionHeader, derived.sessionHeaderLength, token, bytes);
}

function rowOf(pool: Pool, key: u64): i32 {
  const count = rosterEndpoints(pool.roster);
  for (let row: u32 = 0; row < count; row++) {
    if (endpointKey(pool.roster, row) == key) return row;
  }
  return -1;
}
