import { Line } from "../text/line.ts";
import { Cursor } from "./cursor.ts";
import { MAX_POOL_NAMES, PoolMap } from "./pool-map.ts";

/**
 * Reads the value of the field `pools`, an object of strings, into the map. `longest`: bytes that a pool's name may
 * have. False where it is refused, and `error` says why.
 */
export function readPools(cursor: Cursor, pools: PoolMap, longest: u32, error: Line): bool {
  pools.clear();
  if (!cursor.take(0x7b)) return isNoMap(error);
  if (cursor.take(0x7d)) {
    error.add("pools is empty, must name at least one pool");
    return false;
  }
  do {
    if (!readEntry(cursor, pools, longest, error)) return false;
  } while (cursor.take(0x2c));
  return cursor.take(0x7d) || isNoMap(error);
}

function readEntry(cursor: Cursor, pools: PoolMap, longest: u32, error: Line): bool {
  if (!cursor.text()) return isNoMap(error);
  const nameAt = cursor.textAt;
  const nameLength = cursor.textLength;
  if (!cursor.take(0x3a) || !cursor.text()) return isNoMap(error);
  if (nameLength == 0) {
    error.add("pools has an entry without a name, must be that of a cluster or route");
    return false;
  }
  if (cursor.textLength == 0 || cursor.textLength > longest) {
    error.add("pools: \"").bytes(nameAt, nameLength).add("\" is \"").bytes(cursor.textAt, cursor.textLength)
      .add("\", must be 1 to ").number(longest).add(" characters");
    return false;
  }
  if (pools.find(nameAt, nameLength) >= 0) {
    error.add("pools has \"").bytes(nameAt, nameLength).add("\" twice");
    return false;
  }
  if (pools.size == MAX_POOL_NAMES) {
    error.add("pools has too many entries, at most ").number(MAX_POOL_NAMES).add(" fit");
    return false;
  }
  pools.add(nameAt, nameLength, cursor.textAt, cursor.textLength);
  return true;
}

function isNoMap(error: Line): bool {
  error.add("pools must be a JSON object of strings without escapes");
  return false;
}
