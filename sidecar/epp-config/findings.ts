/** Steps from the document's root to a value: field names and list indices. */
export type Path = readonly (string | number)[];

/** Something to tell the author of a configuration. */
export interface Finding {
  /** `schedulingProfiles[0].plugins[1].weight`; "" for the document as a whole. */
  readonly path: string;
  /** Counted from 1; undefined where the text has no such place. */
  readonly line: number | undefined;
  readonly message: string;
}

/** `["plugins", 2, "type"]` as `plugins[2].type`. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`),
    "",
  );
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

  /** Notes what makes the configuration unusable. */
  problem(path: Path, message: string): void {
    this.problems.push({ path: pathText(path), line: this.#lineOf(path), message });
  }

  /** Notes what is accepted but does nothing, or surely not what is meant. */
  warn(path: Path, message: string): void {
    this.warnings.push({ path: pathText(path), line: this.#lineOf(path), message });
  }
}

/** A configuration that cannot be used, with every reason why. */
export class ConfigRefused extends Error {
  readonly problems: readonly Finding[];

  /** @param origin what was read, as a reader of the message knows it: a file's name or a flag. */
  constructor(origin: string, problems: readonly Finding[]) {
    super([`${origin} is refused:`, ...problems.map((problem) => `  ${findingText(problem)}`)].join("\n"));
    this.name = "ConfigRefused";
    this.problems = problems;
  }
}
