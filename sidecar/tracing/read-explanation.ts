import type { Explanation, ProfileExplanation } from "../explain/explanation.ts";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function isProfile(value: unknown): value is ProfileExplanation {
  if (!isObject(value)) return false;
  const { name, candidates, endpoints, signals, steps } = value;
  if (typeof name !== "string" || typeof candidates !== "number" || !Array.isArray(endpoints)) return false;
  if (!isObject(signals) || !Array.isArray(steps)) return false;
  const lists = [...Object.values(signals)];
  for (const step of steps) {
    if (!isObject(step)) return false;
    const { kept, scores, totals, picks } = step;
    if (totals !== undefined && !Array.isArray(picks)) return false;
    lists.push(kept ?? scores ?? totals);
  }
  return lists.every(Array.isArray);
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
  if (!isObject(value) || !Array.isArray(value.profiles) || !value.profiles.every(isProfile)) return undefined;
  return value as unknown as Explanation;
}
