import { xxh64 } from "./xxh64.ts";

/** Names in one of the two generations: with both, endpoints of four of the largest pools, and their adapters. */
const GENERATION = 8192;

let young = new Map<string, bigint>();
let old = new Map<string, bigint>();

/**
 * xxh64 of a name's UTF-8 bytes, for names that come again and again: a hash takes a microsecond or two, and a LOAD of
 * thousands of endpoints has thousands. The last 8,192 names at least are remembered.
 */
export function nameKey(name: string): bigint {
  let key = young.get(name);
  if (key !== undefined) return key;
  key = old.get(name) ?? xxh64(name);
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(name, key);
  return key;
}
