// Which pool a cluster or route is named after. Three conventions: the pool's own name, `namespace/name`; what Envoy
// Gateway calls the clusters and routes of an HTTPRoute (envoyproxy/gateway, internal/gatewayapi/helpers.go), which is
// to be called as the pool then,
//
//   httproute/<namespace>/<pool>/rule/<number>, and more behind a slash where it is no more than a part of the rule
//
// and the cluster that Istio makes for the service behind an InferencePool,
//
//   outbound|<port>|<subset>|<pool>-ip-<8 hex digits>.<namespace>.svc.<domain>
//
// where the digits begin the SHA-256 of the pool's name (istio.io/istio, pilot/pkg/config/kube/gateway/
// inferencepool_collection.go). Of a pool with more than 51 characters Istio leaves out the rest, which nobody can read
// back from the cluster's name.

import { text } from "../text/text.ts";

const HTTP_ROUTE = text("httproute/");
const RULE = text("/rule/");
const OUTBOUND = text("outbound|");
const SEPARATOR = text("-ip-");
const SERVICE = text("svc.");
const HASH_DIGITS: u32 = 8;
const SLASH: u8 = 0x2f;
const DOT: u8 = 0x2e;
const BAR: u8 = 0x7c;

const MOST: u32 = 512; // a DNS name has 253
const built: usize = memory.data(512);

/** Where the name of the pool stands that poolNameOf has found last, and its bytes. */
export let poolNameAt: usize = 0;
export let poolNameLength: u32 = 0;

/**
 * Finds the pool, `namespace/name`, that a name follows by convention. `cluster`: it is a cluster's, so that it may be
 * one of Istio's. False: it follows none. What is found stands where the name stands, or until the next call.
 */
export function poolNameOf(at: usize, length: u32, cluster: bool): bool {
  const slash = endOfName(at, 0, length);
  if (slash != 0 && slash < length && load<u8>(at + slash) == SLASH) {
    const end = endOfName(at, slash + 1, length);
    if (end != length) return begins(at, 0, length, HTTP_ROUTE.at, HTTP_ROUTE.length) && readHttpRoute(at, length);
    if (slash + 1 == length) return false;
    poolNameAt = at;
    poolNameLength = length;
    return true;
  }
  return cluster && length <= MOST && begins(at, 0, length, OUTBOUND.at, OUTBOUND.length) && readIstio(at, length);
}

function readHttpRoute(at: usize, length: u32): bool {
  const from = HTTP_ROUTE.length;
  const slash = endOfName(at, from, length);
  if (slash == from || slash == length || load<u8>(at + slash) != SLASH) return false;
  const end = endOfName(at, slash + 1, length);
  if (end == slash + 1 || !begins(at, end, length, RULE.at, RULE.length)) return false;
  const number = end + RULE.length;
  let rest = number;
  while (rest < length && isDigit(load<u8>(at + rest))) rest++;
  if (rest == number || (rest < length && load<u8>(at + rest) != SLASH)) return false;
  poolNameAt = at + from;
  poolNameLength = end - from;
  return true;
}

function readIstio(at: usize, length: u32): bool {
  let from = OUTBOUND.length;
  while (from < length && isDigit(load<u8>(at + from))) from++;
  if (from == OUTBOUND.length || from == length || load<u8>(at + from) != BAR) return false;
  do from++;
  while (from < length && load<u8>(at + from) != BAR); // the subset
  if (from++ >= length) return false;
  const poolEnd = endOfPool(at, from, length);
  if (poolEnd == 0) return false;
  const namespace = poolEnd + SEPARATOR.length + HASH_DIGITS + 1;
  const namespaceEnd = endOfLabel(at, namespace, length);
  const domain = namespaceEnd + 1 + SERVICE.length;
  if (namespaceEnd == namespace || domain >= length || load<u8>(at + namespaceEnd) != DOT) return false;
  if (!begins(at, namespaceEnd + 1, length, SERVICE.at, SERVICE.length)) return false;
  if (endOfName(at, domain, length) != length) return false;
  const bytes = namespaceEnd - namespace;
  memory.copy(built, at + namespace, bytes);
  store<u8>(built + bytes, SLASH);
  memory.copy(built + bytes + 1, at + from, poolEnd - from);
  poolNameAt = built;
  poolNameLength = bytes + 1 + poolEnd - from;
  return true;
}

// Where in the service's name, which begins at `from` and ends in a dot, the pool's ends; 0 where it is none of a pool.
function endOfPool(at: usize, from: u32, length: u32): u32 {
  const end = endOfLabel(at, from, length);
  const suffix = SEPARATOR.length + HASH_DIGITS;
  if (end == length || load<u8>(at + end) != DOT || end - from <= suffix) return 0;
  for (let i = end - HASH_DIGITS; i < end; i++) {
    const byte = load<u8>(at + i);
    if (!isDigit(byte) && (byte < 0x61 || byte > 0x66)) return 0;
  }
  return begins(at, end - suffix, length, SEPARATOR.at, SEPARATOR.length) ? end - suffix : 0;
}

@inline
function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

// Lower case letters, digits and dashes.
@inline
function isOfLabel(byte: u8): bool {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x7a) || byte == 0x2d;
}

// Where the label that begins at `from` ends.
function endOfLabel(at: usize, from: u32, length: u32): u32 {
  let end = from;
  while (end < length && isOfLabel(load<u8>(at + end))) end++;
  return end;
}

// Where the name of labels and dots that begins at `from` ends.
function endOfName(at: usize, from: u32, length: u32): u32 {
  let end = from;
  while (end < length && (isOfLabel(load<u8>(at + end)) || load<u8>(at + end) == DOT)) end++;
  return end;
}

function begins(at: usize, from: u32, length: u32, what: usize, bytes: u32): bool {
  return from + bytes <= length && memory.compare(at + from, what, bytes) == 0;
}
