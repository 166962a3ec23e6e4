import { MAX_POOLS } from "../../../wire/layout.ts";
import type { Log } from "../../observe/log.ts";
import type { Quiet } from "../../observe/quiet.ts";
import type { PoolRecord } from "./inference-pool.ts";
import type { Watch } from "./kind-watch.ts";
import { NOT_USED, type ObjectWarnings } from "./object-warnings.ts";

/** Which pools there are: of each name one, in the order of names, at most MAX_POOLS. */
export function choosePools(
  watches: readonly (readonly Watch<PoolRecord>[])[],
  warnings: ObjectWarnings,
  log: Log,
  quiet: Quiet,
): Map<string, PoolRecord> {
  const found = new Map<string, PoolRecord>();
  for (const watch of watches.flat()) {
    for (const [key, record] of watch.records) {
      const other = found.get(key);
      if (other === undefined) {
        found.set(key, record);
      } else {
        const problem = `of group ${record.group}: the one of group ${other.group} with the same name counts`;
        warnings.tell(`InferencePool ${key}`, [problem], NOT_USED);
      }
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  if (sorted.length > MAX_POOLS && quiet.mayI("pools") !== undefined) {
    const first = sorted[MAX_POOLS]?.[0];
    log.error({ pools: sorted.length, served: MAX_POOLS, first }, "too many pools, the last ones are not served");
  }
  return new Map(sorted.slice(0, MAX_POOLS));
}
