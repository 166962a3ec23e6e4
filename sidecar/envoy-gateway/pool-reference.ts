// The InferencePools behind a route, as Envoy Gateway hands them over: whole objects, JSON.

import { contentsOf } from "../protobuf/fields.ts";

/** Those of the API and of the older one. */
const GROUPS = ["inference.networking.k8s.io", "inference.networking.x-k8s.io"];

/** What is needed of a pool. */
export interface PoolReference {
  /** `namespace/name`. */
  readonly name: string;
  /** Whether its endpoints speak HTTP/2 without TLS. */
  readonly http2: boolean;
  /** What becomes of requests without a pick: FailOpen or FailClose; undefined where the pool does not say. */
  readonly failureMode: string | undefined;
}

interface Picker {
  readonly failureMode?: unknown;
}

interface PoolObject {
  readonly apiVersion?: unknown;
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown };
  readonly spec?: {
    readonly appProtocol?: unknown;
    readonly endpointPickerRef?: Picker;
    /** The older group's. */
    readonly extensionRef?: Picker;
  };
}

function reference(json: string): PoolReference | undefined {
  const { apiVersion, kind, metadata, spec } = JSON.parse(json) as PoolObject;
  const group = String(apiVersion).split("/")[0]!;
  if (kind !== "InferencePool" || !GROUPS.includes(group) || typeof metadata?.name !== "string") return undefined;
  const namespace = typeof metadata.namespace === "string" ? metadata.namespace : "default";
  const mode = (spec?.endpointPickerRef ?? spec?.extensionRef)?.failureMode;
  return {
    name: `${namespace}/${metadata.name}`,
    http2: spec?.appProtocol === "kubernetes.io/h2c",
    failureMode: typeof mode === "string" ? mode : undefined,
  };
}

/**
 * The pools among the ExtensionResources in a field of a hook's context, each once.
 * @throws SyntaxError where one of them is not JSON.
 */
export function poolsIn(context: Uint8Array, number: number): PoolReference[] {
  const pools = new Map<string, PoolReference>();
  for (const resource of contentsOf(context, number)) {
    const pool = reference(new TextDecoder().decode(contentsOf(resource, 1).at(-1)));
    if (pool !== undefined) pools.set(pool.name, pool);
  }
  return [...pools.values()];
}
