// Which lines of an exposition are worth reading, compiled once per engine.

const OPEN_BRACE = 0x7b;
const SPACE = 0x20;
const TAB = 0x09;

/** A metric to read, and the labels whose texts the reader wants, by slot. */
export interface WantedFamily {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** A wanted family with its names as bytes. */
export interface Family {
  /** Position in the list that the table was made from. */
  readonly index: number;
  readonly metric: Buffer;
  readonly labels: readonly Buffer[];
}

function commonPrefix(names: readonly Buffer[]): Buffer {
  const first = names[0] ?? Buffer.alloc(0);
  let length = first.length;
  for (const name of names) {
    let same = 0;
    while (same < length && name[same] === first[same]) same++;
    length = same;
  }
  return first.subarray(0, length);
}

/**
 * Finds a line's family from its first bytes. All metrics of an engine begin alike ("vllm:"), so the common
 * beginning is compared once and the byte behind it picks the few candidates: most lines are given up after
 * five or six comparisons.
 */
export class FamilyTable {
  readonly families: readonly Family[];
  readonly #prefix: Buffer;
  readonly #byNextByte: readonly (readonly Family[] | undefined)[];

  constructor(wanted: readonly WantedFamily[]) {
    this.families = wanted.map(({ metric, labels }, index) => ({
      index,
      metric: Buffer.from(metric),
      labels: labels.map((label) => Buffer.from(label)),
    }));
    this.#prefix = commonPrefix(this.families.map((family) => family.metric));
    const byNextByte = new Array<Family[] | undefined>(256).fill(undefined);
    for (const family of this.families) {
      // A family that is the common beginning itself is followed by what may end a name.
      const next = family.metric[this.#prefix.length];
      for (const byte of next === undefined ? [OPEN_BRACE, SPACE, TAB] : [next]) {
        const bucket = byNextByte[byte] ?? [];
        bucket.push(family);
        byNextByte[byte] = bucket;
      }
    }
    this.#byNextByte = byNextByte;
  }

  /** The family whose name stands in full at `start` of a line that ends before `end`. */
  find(buffer: Buffer, start: number, end: number): Family | undefined {
    const prefix = this.#prefix;
    const behind = start + prefix.length;
    if (behind >= end) return undefined;
    for (let at = 0; at < prefix.length; at++) {
      if (buffer[start + at] !== prefix[at]) return undefined;
    }
    const candidates = this.#byNextByte[buffer[behind] as number];
    if (candidates === undefined) return undefined;
    for (const family of candidates) {
      if (standsAt(buffer, start, end, family.metric)) return family;
    }
    return undefined;
  }
}

function standsAt(buffer: Buffer, start: number, end: number, name: Buffer): boolean {
  const behind = start + name.length;
  if (behind >= end) return false;
  const terminator = buffer[behind];
  if (terminator !== OPEN_BRACE && terminator !== SPACE && terminator !== TAB) return false;
  for (let at = 0; at < name.length; at++) {
    if (buffer[start + at] !== name[at]) return false;
  }
  return true;
}
