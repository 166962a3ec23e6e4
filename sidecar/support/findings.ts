/** Steps from a document's root to a value: field names and list indices. */
export type Path = readonly (string | number)[];

/** Something to tell the author of a document. */
export interface Finding {
  /** `schedulingProfiles[0].plugins[1].weight`; "" for the document as a whole. */
  readonly path: string;
  /** Counted from 1; undefined where the text has no such place, or nobody has asked for lines. */
  readonly line: number | undefined;
  readonly message: string;
}

const PLAIN_KEY = /^[A-Za-z_][\w-]*$/;

/** `["plugins", 2, "type"]` as `plugins[2].type`; a key that is no plain word as `["a/b"]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (!PLAIN_KEY.test(step)) return `${text}[${JSON.stringify(step)}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** A finding as one line of text. */
export function findingText(finding: Finding): string {
  const where = finding.line === undefined ? finding.path : `${finding.path} (line ${finding.line})`;
  return finding.path === "" ? finding.message : `${where}: ${finding.message}`;
}

/** Collects everything that is wrong or without effect, so that an author sees all of it at once. */
export class Findings {
  readonly problems: Finding[] = [];
  readonly warnings: Finding[] = [];
  readonly #lineOf: (path: Path) => number | undefined;

  /** @param lineOf the line on which a value or its field stands. */
  constructor(lineOf: (path: Path) => number | undefined = () => undefined) {
    this.#lineOf = lineOf;
  }

  /** Notes what makes the document unusable. */
  problem(path: Path, message: string): void {
    this.problems.push({ path: pathText(path), line: this.#lineOf(path), message });
  }

  /** Notes what is accepted but does nothing, or surely not what is meant. */
  warn(path: Path, message: string): void {
    this.warnings.push({ path: pathText(path), line: this.#lineOf(path), message });
  }
}
