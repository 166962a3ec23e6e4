// What is kept of the objects of a collection, and which news of them count.

import type { Identity } from "./identity.ts";
import { compareVersions, isOlder } from "./versions.ts";

/** An object as it was last seen. */
interface Held<T> {
  readonly uid: string;
  readonly version: string;
  /** undefined: it is there, but of no interest. */
  readonly value: T | undefined;
}

/** An object of a list. */
export interface Listed<T> extends Identity {
  readonly value: T | undefined;
}

/** How many deleted objects are remembered, for late news of them. */
const MAX_DELETED = 1024;

/** Objects by key. Every change happens within one call. */
export class ObjectStore<T> {
  readonly #read: (object: unknown) => T | undefined;
  readonly #held = new Map<string, Held<T>>();
  readonly #objects = new Map<string, T>();
  /** Versions by uid, the oldest first. */
  readonly #deleted = new Map<string, string>();

  constructor(read: (object: unknown) => T | undefined) {
    this.#read = read;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** What is to be kept of an object of a list; what is held already is not read again. */
  listed(identity: Identity, object: unknown): Listed<T> {
    const held = this.#held.get(identity.key);
    const isHeld = held !== undefined && held.uid === identity.uid && held.version === identity.version;
    return { ...identity, value: isHeld ? held.value : this.#read(object) };
  }

  /**
   * Takes a complete list in place of all that was held and of what is known of deleted objects, older or not: news of
   * the time before it do not come any more.
   * @returns whether the objects are other ones now.
   */
  replace(list: readonly Listed<T>[]): boolean {
    const before = new Map(this.#objects);
    this.#held.clear();
    this.#objects.clear();
    this.#deleted.clear();
    for (const { key, uid, version, value } of list) this.#hold(key, { uid, version, value });
    if (before.size !== this.#objects.size) return true;
    for (const [key, value] of this.#objects) if (before.get(key) !== value) return true;
    return false;
  }

  /**
   * Takes news of an object that is there.
   * @returns whether the objects are other ones now.
   */
  put({ key, uid, version }: Identity, object: unknown): boolean {
    const held = this.#held.get(key);
    if (held !== undefined) {
      const order = compareVersions(version, held.version);
      if (order !== undefined && (order < 0 || (order === 0 && held.uid === uid))) return false;
    }
    const deleted = this.#deleted.get(uid);
    // Late news of an object that was deleted since would bring it back for good.
    if (deleted !== undefined && !isOlder(deleted, version)) return false;
    const value = this.#read(object);
    this.#hold(key, { uid, version, value });
    return value !== undefined || held?.value !== undefined;
  }

  /**
   * Takes news that an object is gone.
   * @returns whether the objects are other ones now.
   */
  delete({ key, uid, version }: Identity): boolean {
    this.#remember(uid, version);
    const held = this.#held.get(key);
    if (held === undefined || held.uid !== uid || isOlder(version, held.version)) return false;
    this.#held.delete(key);
    return this.#objects.delete(key);
  }

  #hold(key: string, held: Held<T>): void {
    this.#held.set(key, held);
    if (held.value === undefined) this.#objects.delete(key);
    else this.#objects.set(key, held.value);
  }

  #remember(uid: string, version: string): void {
    this.#deleted.delete(uid);
    this.#deleted.set(uid, version);
    if (this.#deleted.size <= MAX_DELETED) return;
    const [oldest] = this.#deleted.keys();
    this.#deleted.delete(oldest!);
  }
}
