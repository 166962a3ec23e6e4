// Which pools of a cluster a sidecar serves.

/** API group of InferencePool v1, and the group before it (v1alpha2). */
export const POOL_GROUP = "inference.networking.k8s.io";
export const OLD_POOL_GROUP = "inference.networking.x-k8s.io";

/** `pool`: one InferencePool; `selector`: pods without an InferencePool; `namespaces`: their pools; `all`: every pool. */
export type Scope =
  | { readonly kind: "pool"; readonly namespace: string; readonly name: string; readonly group: PoolGroup }
  | {
      readonly kind: "selector";
      readonly namespace: string;
      /** What the pool is called. */
      readonly name: string;
      /** As the API takes it, for instance `app=vllm`. */
      readonly selector: string;
      /** 1 to 8. */
      readonly targetPorts: readonly number[];
    }
  | { readonly kind: "namespaces"; readonly namespaces: readonly string[] }
  | { readonly kind: "all" };

export type PoolGroup = typeof POOL_GROUP | typeof OLD_POOL_GROUP;
