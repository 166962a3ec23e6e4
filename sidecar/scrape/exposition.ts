// Scanner for the Prometheus text format (version 0.0.4,
// https://prometheus.io/docs/instrumenting/exposition_formats/) that reads only what is wanted of it.

import type { FamilyTable } from "./families.ts";
import { readNumber } from "./number.ts";

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const TAB = 0x09;
const SPACE = 0x20;
const HASH = 0x23;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A line longer than this is skipped whole: no metric that is read here comes near it. */
export const MAX_LINE_BYTES = 65536;

/** The wanted labels of the series at hand; valid only during the call that got it. */
export interface SeriesLabels {
  /** Text of the label in that slot of the family; "" where the series lacks it, which Prometheus holds equal. */
  text(slot: number): string;
}

/** Called for each series of a wanted family, by the family's index, in the order of the lines. */
export type SeriesSink = (family: number, value: number, labels: SeriesLabels) => void;

function unescaped(text: string): string {
  return text.replace(/\\([\\"n])/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function skipBlanks(buffer: Buffer, at: number, end: number): number {
  let next = at;
  while (next < end && (buffer[next] === SPACE || buffer[next] === TAB)) next++;
  return next;
}

/** Where the label at buffer[start, end) stands among the wanted ones; -1: not wanted. */
function slotOf(buffer: Buffer, start: number, end: number, wanted: readonly Buffer[]): number {
  for (let slot = 0; slot < wanted.length; slot++) {
    const name = wanted[slot] as Buffer;
    if (name.length !== end - start) continue;
    let at = 0;
    while (at < name.length && buffer[start + at] === name[at]) at++;
    if (at === name.length) return slot;
  }
  return -1;
}

/**
 * Reads an exposition as it arrives, split anywhere. A line that is not wanted costs a search for its end and a look
 * at its first bytes, and allocates nothing; a malformed line is skipped. Memory is one line, at most MAX_LINE_BYTES.
 */
export class ExpositionScanner implements SeriesLabels {
  readonly #table: FamilyTable;
  readonly #sink: SeriesSink;
  /** Start and end of each wanted label's raw value in #line; start -1: absent. */
  readonly #places: Int32Array;
  #line: Buffer;
  /** Beginning of a line whose end has not come yet. */
  #carry: Buffer = Buffer.alloc(0);
  #carried = 0;
  #tooLong = false;

  constructor(table: FamilyTable, sink: SeriesSink) {
    this.#table = table;
    this.#sink = sink;
    this.#places = new Int32Array(2 * Math.max(0, ...table.families.map((family) => family.labels.length)));
    this.#line = this.#carry;
  }

  /** Forgets an exposition that was broken off. */
  reset(): void {
    this.#carried = 0;
    this.#tooLong = false;
  }

  /** The next bytes of the exposition; they are not kept. */
  write(chunk: Buffer): void {
    let at = 0;
    if (this.#carried > 0 || this.#tooLong) {
      const newline = chunk.indexOf(NEWLINE);
      this.#keep(chunk, 0, newline < 0 ? chunk.length : newline);
      if (newline < 0) return;
      this.end();
      at = newline + 1;
    }
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, at);
      if (newline < 0) break;
      if (chunk[at] !== HASH) this.#read(chunk, at, newline);
      at = newline + 1;
    }
    this.#keep(chunk, at, chunk.length);
  }

  /** The exposition is complete; a last line without newline counts. */
  end(): void {
    if (this.#carried > 0 && !this.#tooLong) this.#read(this.#carry, 0, this.#carried);
    this.reset();
  }

  text(slot: number): string {
    const start = this.#places[slot * 2] as number;
    if (start < 0) return "";
    const end = this.#places[slot * 2 + 1] as number;
    const text = this.#line.toString("utf8", start, end);
    return text.includes("\\") ? unescaped(text) : text;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (this.#tooLong || needed > MAX_LINE_BYTES) {
      this.#tooLong = true;
      return;
    }
    if (needed > this.#carry.length) {
      // Doubling keeps a line that comes byte by byte from being copied once per byte.
      const grown = Buffer.allocUnsafeSlow(Math.max(256, needed, this.#carry.length * 2));
      this.#carry.copy(grown, 0, 0, this.#carried);
      this.#carry = grown;
    }
    chunk.copy(this.#carry, this.#carried, start, end);
    this.#carried = needed;
  }

  #read(buffer: Buffer, lineStart: number, lineEnd: number): void {
    const end = lineEnd > lineStart && buffer[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    const start = skipBlanks(buffer, lineStart, end);
    const family = this.#table.find(buffer, start, end);
    if (family === undefined) return;
    let at = skipBlanks(buffer, start + family.metric.length, end);
    this.#places.fill(-1);
    if (buffer[at] === OPEN_BRACE) {
      at = this.#readLabels(buffer, at + 1, end, family.labels);
      if (at < 0) return;
      at = skipBlanks(buffer, at, end);
    }
    let valueEnd = at;
    while (valueEnd < end && buffer[valueEnd] !== SPACE && buffer[valueEnd] !== TAB) valueEnd++;
    // What follows the value, a timestamp or an exemplar, is of no use here: a scrape is now or it is nothing.
    const value = readNumber(buffer, at, valueEnd);
    if (value === undefined) return;
    this.#line = buffer;
    this.#sink(family.index, value, this);
  }

  /** Notes the wanted labels' places; returns where the closing brace ends, or -1 where the labels are malformed. */
  #readLabels(buffer: Buffer, from: number, end: number, wanted: readonly Buffer[]): number {
    let at = from;
    for (;;) {
      at = skipBlanks(buffer, at, end);
      if (at >= end) return -1;
      if (buffer[at] === CLOSE_BRACE) return at + 1;
      const nameStart = at;
      while (at < end && buffer[at] !== EQUALS && buffer[at] !== SPACE && buffer[at] !== TAB) at++;
      const nameEnd = at;
      at = skipBlanks(buffer, at, end);
      if (at >= end || buffer[at] !== EQUALS || nameEnd === nameStart) return -1;
      at = skipBlanks(buffer, at + 1, end);
      if (at >= end || buffer[at] !== QUOTE) return -1;
      const valueStart = ++at;
      while (at < end && buffer[at] !== QUOTE) at += buffer[at] === BACKSLASH ? 2 : 1;
      if (at >= end) return -1;
      const slot = slotOf(buffer, nameStart, nameEnd, wanted);
      if (slot >= 0) {
        this.#places[slot * 2] = valueStart;
        this.#places[slot * 2 + 1] = at;
      }
      at = skipBlanks(buffer, at + 1, end);
      if (at >= end) return -1;
      if (buffer[at] === COMMA) at++;
      else if (buffer[at] !== CLOSE_BRACE) return -1;
    }
  }
}
