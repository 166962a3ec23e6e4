// The objects of an API server for tests, and their history.

import type { Resource } from "../../sidecar/kubernetes/resource.ts";

/** An object as tests write it; the server fills in what is missing of its metadata. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    /** `default` where left out. */
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** Which object is meant. */
export type ObjectName = Pick<KubernetesObject, "apiVersion" | "kind"> & {
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

/** One change. `before` is undefined where the object is new, `after` where it is gone. */
export interface Change {
  readonly version: number;
  readonly resource: Resource;
  readonly before: KubernetesObject | undefined;
  /** What a watch tells: of a deleted object its last state, with the version of its end. */
  readonly object: KubernetesObject;
  readonly after: KubernetesObject | undefined;
}

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Resource): string {
  return group === "" ? version : `${group}/${version}`;
}

function keyOf(resource: Resource, namespace: string, name: string): string {
  return `${apiVersionOf(resource)} ${resource.plural} ${namespace}/${name}`;
}

/** Objects of the kinds that are served. Versions count the changes of all of them, as etcd does. */
export class ApiServerStore {
  readonly #resources: Resource[] = [];
  readonly #objects = new Map<string, { resource: Resource; object: KubernetesObject }>();
  #history: Change[] = [];
  #version = 1000;
  /** Watches that begin before this have missed something. */
  #oldest = 1000;
  #lastUid = 0;
  /** Gets each change, in its turn. */
  onChange: (change: Change) => void = () => undefined;

  constructor(resources: readonly Resource[]) {
    this.#resources.push(...resources);
  }

  get version(): number {
    return this.#version;
  }

  get oldest(): number {
    return this.#oldest;
  }

  serve(resource: Resource): void {
    if (this.find(resource) === undefined) this.#resources.push(resource);
  }

  /** Takes a kind away with all of its objects, as when its definition is deleted. */
  withdraw(resource: Resource): void {
    for (const object of this.list(resource)) this.delete(object);
    const index = this.#resources.indexOf(this.find(resource)!);
    if (index >= 0) this.#resources.splice(index, 1);
  }

  /** The kind that is served under these names. */
  find({ group, version, plural }: Pick<Resource, "group" | "version" | "plural">): Resource | undefined {
    return this.#resources.find(
      (served) => served.group === group && served.version === version && served.plural === plural,
    );
  }

  apply(given: KubernetesObject): KubernetesObject {
    const resource = this.#resourceOf(given);
    const namespace = given.metadata.namespace ?? "default";
    const key = keyOf(resource, namespace, given.metadata.name);
    const before = this.#objects.get(key)?.object;
    const uid = before?.metadata.uid ?? `uid-${++this.#lastUid}`;
    const object = {
      ...structuredClone(given),
      metadata: { ...structuredClone(given.metadata), namespace, uid, resourceVersion: String(++this.#version) },
    };
    this.#objects.set(key, { resource, object });
    this.#changed({ version: this.#version, resource, before, object, after: object });
    return object;
  }

  /** False: there was none. */
  delete(name: ObjectName): boolean {
    const resource = this.#resourceOf(name);
    const key = keyOf(resource, name.metadata.namespace ?? "default", name.metadata.name);
    const before = this.#objects.get(key)?.object;
    if (before === undefined) return false;
    this.#objects.delete(key);
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(++this.#version) } };
    this.#changed({ version: this.#version, resource, before, object, after: undefined });
    return true;
  }

  get(resource: Resource, namespace: string, name: string): KubernetesObject | undefined {
    return this.#objects.get(keyOf(resource, namespace, name))?.object;
  }

  /** Objects of a kind in the order of their namespaces and names. */
  list(resource: Resource): KubernetesObject[] {
    const served = this.find(resource);
    return [...this.#objects]
      .filter(([, entry]) => entry.resource === served)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, entry]) => entry.object);
  }

  /** Changes after a version. */
  since(version: number): Change[] {
    return this.#history.filter((change) => change.version > version);
  }

  /** Forgets all changes up to now: watches that begin before are answered 410. */
  forgetHistory(): void {
    this.#history = [];
    this.#oldest = this.#version;
  }

  /** Forgets everything: another cluster at the same address. */
  forgetAll(): void {
    this.#objects.clear();
    this.#history = [];
    this.#version = 1;
    this.#oldest = 1;
  }

  #resourceOf({ apiVersion, kind }: Pick<KubernetesObject, "apiVersion" | "kind">): Resource {
    const found = this.#resources.find((served) => apiVersionOf(served) === apiVersion && served.kind === kind);
    if (found === undefined) throw new Error(`the API server of this test does not serve ${apiVersion} ${kind}`);
    return found;
  }

  #changed(change: Change): void {
    this.#history.push(change);
    this.onChange(change);
  }
}
