// Typed access to a parsed document. Each helper notes what is wrong and returns undefined, so that reading goes on.

import { nearest } from "../support/suggest.ts";
import type { Findings, Path } from "./findings.ts";

const SHOWN_MAX = 80;

/** A value as an error shows it: JSON, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}

/** "; did you mean x?" or "; known: a, b" as the end of a message about an unknown name. */
export function suggestion(text: string, known: readonly string[]): string {
  const near = nearest(text, known);
  return near === undefined ? `; known: ${known.join(", ")}` : `; did you mean ${near}?`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as a mapping; null and undefined count as an empty one, as in the reference. */
export function mapping(value: unknown, path: Path, findings: Findings): Record<string, unknown> | undefined {
  if (value === undefined || value === null) return {};
  if (isMapping(value)) return value;
  findings.problem(path, `${shown(value)} is not a mapping`);
  return undefined;
}

/** The value as a list; null and undefined count as an empty one, as in the reference. */
export function list(value: unknown, path: Path, findings: Findings): readonly unknown[] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  findings.problem(path, `${shown(value)} is not a list`);
  return undefined;
}

/** The value as a text; null, undefined and "" count as left out and give undefined without a finding. */
export function text(value: unknown, path: Path, findings: Findings): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  findings.problem(path, `${shown(value)} is not a text`);
  return undefined;
}

/** A field that must hold a text; where it is left out, that is a problem of the mapping that lacks it. */
export function requiredText(
  fields: Record<string, unknown>,
  name: string,
  path: Path,
  findings: Findings,
): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null || value === "") {
    findings.problem(path, `${name} is missing`);
    return undefined;
  }
  return text(value, [...path, name], findings);
}

/** Refuses every field that is not among the known ones. */
export function onlyFields(
  fields: Record<string, unknown>,
  known: readonly string[],
  path: Path,
  findings: Findings,
): void {
  for (const [name, value] of Object.entries(fields)) {
    if (known.includes(name)) continue;
    findings.problem([...path, name], `unknown field with value ${shown(value)}${suggestion(name, known)}`);
  }
}
