// Whether what was measured keeps to the budgets.

import type { ResultLine } from "./case.ts";

/** What one figure of one line may be, or, where it is `timed`, is meant to be. */
export interface Budget {
  readonly case: string;
  /** Fields by which the line is found. */
  readonly line: ResultLine;
  /** The field that is held to the bound: a ratio of what was measured in one run, or a time. */
  readonly figure: string;
  readonly bound: "at least" | "at most";
  readonly value: number;
  /** Whether the figure is the same on every machine, so that nothing is allowed beyond the bound. */
  readonly exact?: true;
  /** Whether the figure is a time, which is the machine's as well as ours: shown beside its aim, and no failure. */
  readonly timed?: true;
  /** Where the value comes from. */
  readonly source: string;
}

/** A budget and what was measured of it. */
export interface Verdict {
  readonly budget: Budget;
  /** Not a number where no line has the figure. */
  readonly measured: number;
  /** Whether it is what it should be. */
  readonly met: boolean;
  /** From here on it fails. */
  readonly limit: number;
  /** Whether it does not fail. */
  readonly kept: boolean;
}

/** A machine that runs other things besides may halve or double a ratio, not more. */
const ALLOWED = 2;

/**
 * Judges the budgets of one case by its lines. A ratio that comes to half of its budget fails, and what is missing does;
 * only times that a quick run leaves out are not spoken of.
 */
export function checkBudgets(
  name: string,
  lines: readonly ResultLine[],
  budgets: readonly Budget[],
  quick = false,
): Verdict[] {
  return budgets
    .filter((budget) => budget.case === name)
    .map((budget) => judge(lines, budget))
    .filter(({ budget, measured }) => !(quick && budget.timed && Number.isNaN(measured)));
}

/** Whether a second run may find that it was the machine: an exact figure would come out the same. */
export function isWorthRepeating(verdicts: readonly Verdict[]): boolean {
  const failed = verdicts.filter(({ kept }) => !kept);
  return failed.length > 0 && failed.every(({ budget }) => !budget.exact);
}

function judge(lines: readonly ResultLine[], budget: Budget): Verdict {
  const { figure, bound, value, exact, timed } = budget;
  const fields = Object.entries(budget.line);
  const line = lines.find((each) => figure in each && fields.every(([key, wanted]) => each[key] === wanted));
  const measured = Number(line?.[figure] ?? Number.NaN);
  const limit = exact ? value : bound === "at least" ? value / ALLOWED : value * ALLOWED;
  const met = bound === "at least" ? measured >= value : measured <= value;
  const allowed = bound === "at least" ? measured > limit : measured < limit;
  return { budget, measured, met, limit, kept: met || allowed || (timed === true && !Number.isNaN(measured)) };
}

/** A figure's name with the fields by which its line is found: "throughput_share (body_kb 2, connections 16)". */
export function figureName({ line, figure }: Budget): string {
  const fields = Object.entries(line).map(([key, value]) => `${key} ${value}`);
  return fields.length === 0 ? figure : `${figure} (${fields.join(", ")})`;
}

/** One line about a budget that was not kept. */
export function failureText({ budget, measured, limit }: Verdict): string {
  const said = Number.isNaN(measured) ? "was not measured" : `is ${measured}`;
  const rule = `the budget is ${budget.bound} ${budget.value}`;
  const fails = budget.exact || budget.timed ? "" : `, and ${limit} fails`;
  return `${budget.case}: ${figureName(budget)} ${said}; ${rule}${fails}`;
}
