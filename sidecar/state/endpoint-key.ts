import type { Endpoint } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";

/** Endpoints stay the same objects while they do not change, and a hash of each takes long where there are thousands. */
const keys = new WeakMap<Endpoint, bigint>();

/** By what gateways name an endpoint: xxh64 of its address. */
export function endpointKey(endpoint: Endpoint): bigint {
  let key = keys.get(endpoint);
  if (key === undefined) {
    key = xxh64(endpoint.address);
    keys.set(endpoint, key);
  }
  return key;
}
