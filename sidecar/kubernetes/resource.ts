// Which objects of an API server are meant.

/** A kind of object as the API server's paths name it. */
export interface Resource {
  /** API group; empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural in lower case, as in paths and RBAC rules. */
  readonly plural: string;
  readonly kind: string;
}

/** Objects of one kind. */
export interface Selection {
  readonly resource: Resource;
  /** All namespaces where left out. */
  readonly namespace?: string;
  /** As the API takes them, for instance `app=vllm,tier in (a,b)` and `metadata.name=base`. */
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}
