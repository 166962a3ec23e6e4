/** What tells objects and their versions apart. */
export interface Identity {
  /** `namespace/name`; of objects that are in no namespace, the name. */
  readonly key: string;
  readonly uid: string;
  readonly version: string;
}

interface Metadata {
  readonly namespace?: unknown;
  readonly name?: unknown;
  readonly uid?: unknown;
  readonly resourceVersion?: unknown;
}

function metadataOf(object: unknown): Metadata | undefined {
  if (typeof object !== "object" || object === null || !("metadata" in object)) return undefined;
  const { metadata } = object;
  return typeof metadata === "object" && metadata !== null ? metadata : undefined;
}

/** The resourceVersion that an object or a list carries; undefined where there is none. */
export function versionOf(object: unknown): string | undefined {
  const version = metadataOf(object)?.resourceVersion;
  return typeof version === "string" && version !== "" ? version : undefined;
}

/** Who an object is; undefined where it does not say. */
export function identityOf(object: unknown): Identity | undefined {
  const { namespace, name, uid } = metadataOf(object) ?? {};
  const version = versionOf(object);
  if (typeof name !== "string" || typeof uid !== "string" || version === undefined) return undefined;
  return { key: typeof namespace === "string" && namespace !== "" ? `${namespace}/${name}` : name, uid, version };
}
