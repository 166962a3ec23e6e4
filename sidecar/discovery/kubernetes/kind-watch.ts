import { isDeepStrictEqual } from "node:util";
import type { Collection, CollectionSource } from "../../kubernetes/collection.ts";
import type { Selection } from "../../kubernetes/resource.ts";
import type { ObjectWarnings } from "./object-warnings.ts";
import { type ObjectReader, type ObjectRecord, readObject } from "./read-object.ts";

/** What all watches of one discovery share. */
export interface WatchContext {
  readonly source: CollectionSource;
  readonly warnings: ObjectWarnings;
  /** A collection's state may have changed. */
  readonly stateChanged: () => void;
}

/** What is watched, and how it is read. */
export interface WatchOptions<T> {
  readonly selection: Selection;
  readonly read: ObjectReader<T>;
  /** Structural equality where left out. */
  readonly same?: (a: T, b: T) => boolean;
  readonly onChange: () => void;
}

/** One collection: its records, and whether they can be relied on. */
export class Watch<T extends ObjectRecord> {
  readonly collection: Collection<T>;
  #listed = false;

  constructor({ source, warnings, stateChanged }: WatchContext, options: WatchOptions<T>) {
    const { selection, read, same = isDeepStrictEqual, onChange } = options;
    const before = (key: string): T | undefined => this.collection.objects.get(key);
    const reading = { kind: selection.resource.kind, read, warnings, before, same };
    this.collection = source.collect(selection, {
      read: (object) => readObject(object, reading),
      onChange: () => {
        const { settled, state, objects } = this.collection;
        // Now: by the time somebody asks, the API server may be away.
        this.#listed ||= settled && (state === "watching" || objects.size > 0);
        stateChanged();
        onChange();
      },
    });
  }

  get records(): ReadonlyMap<string, T> {
    return this.collection.objects;
  }

  /** Whether a complete list has ever been read; not where the kind is absent or denied. */
  get listed(): boolean {
    return this.#listed;
  }

  /** Whether it is known what there is, be it nothing because the kind is absent or denied. */
  get settled(): boolean {
    return this.listed || this.collection.settled;
  }
}
