import { type Finding, findingText } from "../support/findings.ts";

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
