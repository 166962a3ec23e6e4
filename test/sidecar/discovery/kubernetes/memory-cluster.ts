import type {
  Collection,
  CollectionOptions,
  CollectionSource,
  CollectionState,
} from "../../../../sidecar/kubernetes/collection.ts";
import type { Selection } from "../../../../sidecar/kubernetes/resource.ts";
import type { ApiObject } from "./objects.ts";

type About = Readonly<{ namespace?: string; name: string; labels?: Readonly<Record<string, string>> }>;

function about(object: ApiObject): About {
  return object.metadata as About;
}

function keyOf(object: ApiObject): string {
  const { namespace, name } = about(object);
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Kind and group of an object or a selection, `InferencePool.inference.networking.k8s.io`. */
function typeOf(object: ApiObject): string {
  const [group] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : [""];
  return `${object.kind}.${group}`;
}

function terms(selector: string | undefined): string[][] {
  return selector === undefined ? [] : selector.split(",").map((term) => term.split("="));
}

/** One collection; the cluster tells it what there is. */
class MemoryCollection<T> implements Collection<T> {
  readonly selection: Selection;
  readonly objects = new Map<string, T>();
  readonly #options: CollectionOptions<T>;
  readonly #onStop: () => void;
  state: CollectionState = "listing";
  settled = false;
  problem: string | undefined;
  started = false;
  stopped = false;

  constructor(selection: Selection, options: CollectionOptions<T>, onStop: () => void) {
    this.selection = selection;
    this.#options = options;
    this.#onStop = onStop;
  }

  get type(): string {
    return `${this.selection.resource.kind}.${this.selection.resource.group}`;
  }

  start(): void {
    this.started = true;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.#onStop();
  }

  matches(object: ApiObject): boolean {
    const { namespace, labelSelector, fieldSelector } = this.selection;
    const { namespace: own, name, labels = {} } = about(object);
    return (
      typeOf(object) === this.type &&
      (namespace === undefined || namespace === own) &&
      terms(labelSelector).every(([key, value]) => labels[key as string] === value) &&
      terms(fieldSelector).every(([, value]) => value === name)
    );
  }

  /** Reads everything anew, as after a list. */
  list(objects: Iterable<ApiObject>): void {
    const read: [string, T | undefined][] = [];
    for (const object of objects) {
      if (this.matches(object)) read.push([keyOf(object), this.#options.read(structuredClone(object))]);
    }
    this.objects.clear();
    for (const [key, value] of read) if (value !== undefined) this.objects.set(key, value);
    this.settled = true;
    this.become("watching");
  }

  /** Takes events; a call of onChange for all of them. */
  take(events: readonly { object: ApiObject; gone: boolean }[]): void {
    let changed = false;
    for (const { object, gone } of events) {
      if (typeOf(object) !== this.type) continue;
      const key = keyOf(object);
      const value = gone || !this.matches(object) ? undefined : this.#options.read(structuredClone(object));
      const before = this.objects.get(key);
      if (value === undefined) this.objects.delete(key);
      else this.objects.set(key, value);
      changed ||= value !== undefined || before !== undefined;
    }
    if (changed) this.#options.onChange();
  }

  become(state: CollectionState, problem?: string): void {
    this.state = state;
    this.problem = problem;
    if (state === "absent" || state === "denied") this.settled = true;
    this.#options.onChange();
  }
}

export interface MemoryClusterOptions {
  /** Whether collections wait for `list` before they have anything; they have it at their start where left out. */
  readonly slow?: boolean;
  /** How collections of some types begin, by `Kind.group`. */
  readonly states?: Readonly<Record<string, CollectionState>>;
}

/** An API server without a network: what tests put here, collections have at once. */
export class MemoryCluster implements CollectionSource {
  readonly #objects = new Map<string, ApiObject>();
  readonly #collections = new Set<MemoryCollection<unknown>>();
  readonly #options: MemoryClusterOptions;
  /** How many collections have ever been made. */
  made = 0;

  constructor(options: MemoryClusterOptions = {}) {
    this.#options = options;
  }

  collect<T>(selection: Selection, options: CollectionOptions<T>): Collection<T> {
    this.made++;
    const collection = new MemoryCollection<T>(selection, options, () => this.#collections.delete(own));
    const own = collection as unknown as MemoryCollection<unknown>;
    this.#collections.add(own);
    const start = collection.start.bind(collection);
    collection.start = () => {
      start();
      const state = this.#options.states?.[collection.type];
      if (state === "denied") collection.become(state, `may not list ${collection.type}`);
      else if (state === "away") collection.become(state, "no route to the API server");
      else if (state !== undefined) collection.become(state);
      else if (this.#options.slow !== true) collection.list(this.#objects.values());
    };
    return collection;
  }

  /** Makes or changes objects: one batch of events for each collection. */
  put(...objects: ApiObject[]): void {
    for (const object of objects) this.#objects.set(`${typeOf(object)} ${keyOf(object)}`, object);
    this.#emit(objects.map((object) => ({ object, gone: false })));
  }

  /** Deletes objects. */
  remove(...objects: ApiObject[]): void {
    for (const object of objects) this.#objects.delete(`${typeOf(object)} ${keyOf(object)}`);
    this.#emit(objects.map((object) => ({ object, gone: true })));
  }

  /** Puts the objects in place of all there were, without a word to anybody. */
  restore(...objects: ApiObject[]): void {
    this.#objects.clear();
    for (const object of objects) this.#objects.set(`${typeOf(object)} ${keyOf(object)}`, object);
  }

  /** Collections that are at work, as `Kind.group namespace selectors`. */
  get open(): string[] {
    const text = ({ type, selection }: MemoryCollection<unknown>): string => {
      const { namespace = "*", labelSelector = "", fieldSelector = "" } = selection;
      return `${type} ${namespace} ${labelSelector}${fieldSelector}`.trim();
    };
    return [...this.#collections].filter(({ started }) => started).map(text);
  }

  /** Lists collections of which the text in `open` contains this; all where left out. */
  list(text = ""): void {
    for (const one of this.#find(text)) one.list(this.#objects.values());
  }

  /** Gives those collections a state. */
  become(text: string, state: CollectionState, problem?: string): void {
    for (const one of this.#find(text)) one.become(state, problem);
  }

  #find(text: string): MemoryCollection<unknown>[] {
    const open = [...this.#collections].filter(({ started }) => started);
    const texts = this.open;
    return open.filter((_, index) => texts[index]?.includes(text));
  }

  #emit(events: readonly { object: ApiObject; gone: boolean }[]): void {
    for (const one of [...this.#collections]) {
      if (one.state === "watching" && !one.stopped) one.take(events);
    }
  }
}
