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

/** A frame's string section under construction: equal texts are stored once. */
export class StringSection {
  readonly #known = new Map<string, { offset: number; length: number }>();
  readonly #parts: Uint8Array[] = [];
  #size = 0;

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Stores a text and returns where its UTF-8 bytes stand in the section. */
  add(text: string): { offset: number; length: number } {
    const known = this.#known.get(text);
    if (known) return known;
    const bytes = new TextEncoder().encode(text);
    const place = { offset: this.#size, length: bytes.length };
    this.#known.set(text, place);
    this.#parts.push(bytes);
    this.#size += bytes.length;
    return place;
  }

  /** Copies the section into a frame. */
  writeTo(frame: Uint8Array, at: number): void {
    let offset = at;
    for (const part of this.#parts) {
      frame.set(part, offset);
      offset += part.length;
    }
  }
}

/** The label table under construction: one row per key and value of each endpoint. */
export class LabelTable {
  readonly #rows: number[] = [];
  readonly #strings: StringSection;

  constructor(strings: StringSection) {
    this.#strings = strings;
  }

  /** Rows so far. */
  get count(): number {
    return this.#rows.length / 4;
  }

  /** Appends an endpoint's labels; returns where they start and how many they are. */
  add(labels: Readonly<Record<string, string>>): { start: number; count: number } {
    const start = this.count;
    for (const [key, value] of Object.entries(labels)) {
      const k = this.#strings.add(key);
      const v = this.#strings.add(value);
      this.#rows.push(k.offset, k.length, v.offset, v.length);
    }
    return { start, count: this.count - start };
  }

  /** Writes the rows into a frame. */
  writeTo(view: DataView, at: number): void {
    for (let row = 0; row < this.count; row++) {
      const to = at + row * LABEL_BYTES;
      view.setUint32(to + LABEL_KEY_OFFSET, this.#rows[row * 4] as number, true);
      view.setUint32(to + LABEL_KEY_LENGTH, this.#rows[row * 4 + 1] as number, true);
      view.setUint32(to + LABEL_VALUE_OFFSET, this.#rows[row * 4 + 2] as number, true);
      view.setUint32(to + LABEL_VALUE_LENGTH, this.#rows[row * 4 + 3] as number, true);
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
