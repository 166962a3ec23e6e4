/** A place in a lane, waited for or held. */
export interface Place {
  /** Gives the place back, or gives up waiting for it; further calls do nothing. */
  leave(): void;
}

/** Lets so many in at a time; the others wait in order. */
export class Lane {
  readonly #limit: number;
  #inside = 0;
  /** Those who wait and what they wait to do; a Map, so that one who gives up leaves in constant time. */
  readonly #waiting = new Map<Place, (place: Place) => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * Calls `go` with the place as soon as there is room, before this returns where there is; the place is held until
   * it is left.
   */
  enter(go: (place: Place) => void): Place {
    let left = false;
    const place: Place = {
      leave: () => {
        if (left) return;
        left = true;
        if (!this.#waiting.delete(place)) this.#vacate();
      },
    };
    if (this.#inside < this.#limit) {
      this.#inside++;
      go(place);
    } else {
      this.#waiting.set(place, go);
    }
    return place;
  }

  #vacate(): void {
    const next = this.#waiting.entries().next();
    if (next.done) {
      this.#inside--;
      return;
    }
    const [place, go] = next.value;
    this.#waiting.delete(place);
    go(place);
  }
}
