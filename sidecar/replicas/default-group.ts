import { resolve } from "node:path";
import { xxh64 } from "../../wire/xxh64.ts";
import { POOL_GROUP, type Scope } from "../discovery/kubernetes/scope.ts";

/** Characters of a list of namespaces that are still told in full. */
const SHOWN_MAX = 80;

function short(text: string): string {
  return xxh64(text).toString(16).padStart(16, "0");
}

/** What a sidecar serves: a part of a cluster, or a file's endpoints. */
export type Served = Scope | { readonly kind: "file"; readonly file: string };

/**
 * The group of sidecars that serve the same: those of the same scope, or of an endpoint file of the same absolute path.
 * Clusters are not told apart: those that share a Redis need groups of their own.
 */
export function defaultGroup(from: Served): string {
  switch (from.kind) {
    case "file":
      return `file/${short(resolve(from.file))}`;
    case "pool":
      return `pool/${from.namespace}/${from.name}${from.group === POOL_GROUP ? "" : "/x"}`;
    case "selector":
      return `selector/${from.namespace}/${from.name}/${short(`${from.selector} ${from.targetPorts.join()}`)}`;
    case "namespaces": {
      const list = [...new Set(from.namespaces)].sort().join();
      return `namespaces/${list.length > SHOWN_MAX ? short(list) : list}`;
    }
    case "all":
      return "all";
  }
}
