import type { Explanation, ProfileExplanation } from "../explain/explanation.ts";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

const SIGNALS = ["queue", "running", "kvUsage", "inFlight", "matchedBlocks"] as const;

const isNumber = (value: unknown): value is number => typeof value === "number";
const isText = (value: unknown): value is string => typeof value === "string";
const isListOf = (value: unknown, is: (item: unknown) => boolean): boolean => Array.isArray(value) && value.every(is);
const isColumn = (value: unknown): boolean => isListOf(value, (item) => item === null || isNumber(item));

// By its kind, in the order in which readers look for what it is.
function isStep(step: unknown): boolean {
  if (!isObject(step)) return false;
  if ("filter" in step) return isText(step.filter) && isColumn(step.kept) && isNumber(step.left);
  if ("scorer" in step) return isText(step.scorer) && isNumber(step.weight) && isColumn(step.scores);
  return isText(step.picker) && isColumn(step.totals) && isNumber(step.ties) && isListOf(step.picks, isText);
}

/** Every profile ends with its picker. */
function isProfile(value: unknown): value is ProfileExplanation {
  if (!isObject(value)) return false;
  const { name, candidates, endpoints, signals, steps } = value;
  if (!isText(name) || !isNumber(candidates) || !isListOf(endpoints, isText)) return false;
  if (!isObject(signals) || !SIGNALS.every((signal) => isColumn(signals[signal]))) return false;
  return Array.isArray(steps) && steps.length > 0 && steps.every(isStep) && "picker" in steps.at(-1);
}

/** A gateway's explanation of a decision; undefined where there is none, or it is none. */
export function readExplanation(text: string): Explanation | undefined {
  if (text === "") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value) || !isListOf(value.profiles, isProfile)) return undefined;
  if (!isText(value.pool) || !isNumber(value.promptTokens) || !isNumber(value.promptBlocks)) return undefined;
  return value as unknown as Explanation;
}
