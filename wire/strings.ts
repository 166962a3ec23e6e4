import {
  LABEL_BYTES,
  LABEL_KEY_LENGTH,
  LABEL_KEY_OFFSET,
  LABEL_VALUE_LENGTH,
  LABEL_VALUE_OFFSET,
  TERM_BYTES,
  TERM_KEY_LENGTH,
  TERM_KEY_OFFSET,
  TERM_OPERATOR,
  TERM_VALUE_COUNT,
  TERM_VALUE_START,
  VALUE_BYTES,
  VALUE_LENGTH,
  VALUE_OFFSET,
} from "./layout.ts";
import type { PlanTerm } from "./model.ts";

/** Where a text stands in a string section. */
interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Bytes of UTF-8 that a UTF-16 unit takes at most. */
const UTF8_MAX = 3;

/** A frame's string section under construction: equal texts are stored once. */
export class StringSection {
  readonly #known = new Map<string, Place>();
  #bytes = Buffer.allocUnsafe(4096);
  #size = 0;

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Stores a text and returns where its UTF-8 bytes stand in the section. */
  add(text: string): Place {
    const known = this.#known.get(text);
    if (known) return known;
    this.#reserve(text.length * UTF8_MAX);
    const place = { offset: this.#size, length: this.#bytes.write(text, this.#size) };
    this.#known.set(text, place);
    this.#size += place.length;
    return place;
  }

  /** Copies the section into a frame. */
  writeTo(frame: Uint8Array, at: number): void {
    frame.set(this.#bytes.subarray(0, this.#size), at);
  }

  #reserve(more: number): void {
    const needed = this.#size + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}

/** The label table under construction: one row per key and value of each endpoint. */
export class LabelTable {
  readonly #places: Place[] = [];
  readonly #strings: StringSection;

  constructor(strings: StringSection) {
    this.#strings = strings;
  }

  /** Rows so far. */
  get count(): number {
    return this.#places.length / 2;
  }

  /** Appends an endpoint's labels; returns where they start and how many they are. */
  add(labels: Readonly<Record<string, string>>): { start: number; count: number } {
    const start = this.count;
    for (const key of Object.keys(labels)) {
      this.#places.push(this.#strings.add(key), this.#strings.add(labels[key]!));
    }
    return { start, count: this.count - start };
  }

  /** Writes the rows into a frame. */
  writeTo(view: DataView, at: number): void {
    for (let row = 0; row < this.count; row++) {
      const to = at + row * LABEL_BYTES;
      const key = this.#places[row * 2]!;
      const value = this.#places[row * 2 + 1]!;
      view.setUint32(to + LABEL_KEY_OFFSET, key.offset, true);
      view.setUint32(to + LABEL_KEY_LENGTH, key.length, true);
      view.setUint32(to + LABEL_VALUE_OFFSET, value.offset, true);
      view.setUint32(to + LABEL_VALUE_LENGTH, value.length, true);
    }
  }
}

/** The tables of terms and of their values under construction. */
export class TermTable {
  readonly #terms: { key: number; keyLength: number; start: number; count: number; operator: number }[] = [];
  readonly #values: { offset: number; length: number }[] = [];
  readonly #strings: StringSection;

  constructor(strings: StringSection) {
    this.#strings = strings;
  }

  /** Terms so far. */
  get count(): number {
    return this.#terms.length;
  }

  /** Values so far. */
  get values(): number {
    return this.#values.length;
  }

  /** Appends a step's terms; returns where they start and how many they are. */
  add(terms: readonly PlanTerm[]): { start: number; count: number } {
    const start = this.#terms.length;
    for (const { key, operator, values } of terms) {
      const place = this.#strings.add(key);
      const first = this.#values.length;
      for (const value of values) this.#values.push(this.#strings.add(value));
      this.#terms.push({ key: place.offset, keyLength: place.length, start: first, count: values.length, operator });
    }
    return { start, count: terms.length };
  }

  /** Writes both tables into a frame, the terms first. */
  writeTo(view: DataView, at: number): void {
    this.#terms.forEach((term, index) => {
      const to = at + index * TERM_BYTES;
      view.setUint32(to + TERM_KEY_OFFSET, term.key, true);
      view.setUint32(to + TERM_KEY_LENGTH, term.keyLength, true);
      view.setUint32(to + TERM_VALUE_START, term.start, true);
      view.setUint32(to + TERM_VALUE_COUNT, term.count, true);
      view.setUint32(to + TERM_OPERATOR, term.operator, true);
    });
    this.#values.forEach((value, index) => {
      const to = at + this.#terms.length * TERM_BYTES + index * VALUE_BYTES;
      view.setUint32(to + VALUE_OFFSET, value.offset, true);
      view.setUint32(to + VALUE_LENGTH, value.length, true);
    });
  }
}
