import { LABEL_BYTES, LABEL_KEY_LENGTH, LABEL_KEY_OFFSET, LABEL_VALUE_LENGTH, LABEL_VALUE_OFFSET } from "./layout.ts";

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
