// What has become of a pool, for the log.

import { isDeepStrictEqual } from "node:util";
import type { Log } from "../observe/log.ts";
import { sameItems, sameTexts } from "../support/same.ts";
import { some } from "../support/some.ts";
import { differingSpan } from "../support/span.ts";
import type { DiscoveredEndpoint, DiscoveredPool } from "./pool.ts";

/** `{name: [...]}` where there are any. */
function listed(name: string, items: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return items.length === 0 ? {} : { [name]: some(items) };
}

function changesOf(before: DiscoveredEndpoint, after: DiscoveredEndpoint): readonly string[] {
  if (before === after) return [];
  const [a, b] = [before.endpoint, after.endpoint];
  return [
    ...(before.ready === after.ready ? [] : [after.ready ? "ready" : "not ready"]),
    ...(sameTexts(a.labels, b.labels) ? [] : ["labels"]),
    ...(["name", "zone", "rank"] as const).filter((field) => a[field] !== b[field]),
    ...(before.metricsUrl === after.metricsUrl ? [] : ["metrics"]),
  ];
}

/** Addresses by what has become of them; what is the same is left out, and so are lists of nothing. */
function endpointChanges(before: DiscoveredPool | undefined, after: DiscoveredPool): object {
  const rows = before?.endpoints ?? [];
  const { start, endBefore, endAfter } = differingSpan(rows, after.endpoints);
  const old = new Map(rows.slice(start, endBefore).map((one) => [one.endpoint.address, one]));
  const added: string[] = [];
  const changed: string[] = [];
  for (const one of after.endpoints.slice(start, endAfter)) {
    const { address } = one.endpoint;
    const was = old.get(address);
    old.delete(address);
    const changes = was === undefined ? [] : changesOf(was, one);
    if (was === undefined) added.push(address);
    else if (changes.length > 0) changed.push(`${address} (${changes.join(", ")})`);
  }
  return {
    ...listed("added", added),
    ...listed("removed", [...old.keys()]),
    ...listed("changed", changed),
  };
}

/** Whether they say the same; those of a watch are mostly the same objects, those of a file are new ones each time. */
function same(before: readonly object[] = [], after: readonly object[]): boolean {
  return sameItems(before, after) || isDeepStrictEqual(before, after);
}

/** How many policies there are, where they are other ones now. */
function policyChanges(before: DiscoveredPool | undefined, after: DiscoveredPool): object {
  return {
    ...(same(before?.objectives, after.objectives) ? {} : { objectives: after.objectives.length }),
    ...(same(before?.rewrites, after.rewrites) ? {} : { rewrites: after.rewrites.length }),
  };
}

/**
 * Tells what has become of a pool.
 * @param source fields that say where the pools come from.
 * @param before as it was told last; undefined where it is new.
 * @param isFirst of all versions: then the number of endpoints is enough.
 * @returns whether there was anything to tell.
 */
export function tellPool(
  log: Log,
  source: object,
  before: DiscoveredPool | undefined,
  after: DiscoveredPool,
  isFirst: boolean,
): boolean {
  const changes = { ...(isFirst ? {} : endpointChanges(before, after)), ...policyChanges(before, after) };
  if (before !== undefined && Object.keys(changes).length === 0) return false;
  const { name: pool, endpoints } = after;
  log.info({ ...source, pool, endpoints: endpoints.length, ...changes }, "endpoints in force");
  // Told when it becomes so, not with every version that leaves it so.
  if (endpoints.length === 0 && before?.endpoints.length !== 0) log.warn({ ...source, pool }, "pool has no endpoints");
  return true;
}

/** Tells that a pool is there no more. */
export function tellGone(log: Log, source: object, pool: string): void {
  log.info({ ...source, pool }, "pool is gone");
}
