/** Who wants into lanes, into one at a time. */
export interface Guest {
  /** It is in, until it leaves. */
  admitted(): void;
}

/** Lets so many in at a time; the others wait in order. */
export class Lane {
  readonly #limit: number;
  readonly #inside = new Set<Guest>();
  /** A Set, so that one who gives up waiting leaves in constant time. */
  readonly #waiting = new Set<Guest>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Admits the guest as soon as there is room, before this returns where there is. */
  enter(guest: Guest): void {
    if (this.#inside.size >= this.#limit) this.#waiting.add(guest);
    else this.#admit(guest);
  }

  /** The guest goes, or gives up waiting; nothing happens where it does neither. */
  leave(guest: Guest): void {
    if (!this.#inside.delete(guest)) {
      this.#waiting.delete(guest);
      return;
    }
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#admit(next);
  }

  #admit(guest: Guest): void {
    this.#inside.add(guest);
    guest.admitted();
  }
}
