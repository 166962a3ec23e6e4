// What the labels of a pod say about scheduling.

import {
  ENGINE_VLLM,
  ROLE_ANY,
  ROLE_DECODE,
  ROLE_ENCODE,
  ROLE_PREFILL,
  ROLE_PREFILL_DECODE,
} from "../../wire/layout.ts";
import { ENGINE_NAMES, engineByName } from "../scrape/engines.ts";
import { meant, show } from "../support/fields.ts";

/** Labels that name the engine; the first one present counts. */
export const ENGINE_LABELS = ["inference.networking.k8s.io/engine-type", "llm-d.ai/engine-type"] as const;

export const ROLE_LABEL = "llm-d.ai/role";

const roles = new Map([
  ["prefill", ROLE_PREFILL],
  ["decode", ROLE_DECODE],
  ["prefill-decode", ROLE_PREFILL_DECODE],
  ["both", ROLE_PREFILL_DECODE],
  ["encode", ROLE_ENCODE],
]);

/** What the role label may say; the filters by role know more of it than the wire format does. */
const ROLE_NAMES = [...roles.keys(), "encode-prefill", "encode-prefill-decode"];

type Labels = Readonly<Record<string, string>>;

/** An ENGINE_ constant, vllm where no label names the engine; or what is wrong with which label. */
export function engineOf(labels: Labels): { engine: number } | { label: string; problem: string } {
  for (const label of ENGINE_LABELS) {
    if (!Object.hasOwn(labels, label)) continue;
    const name = labels[label] as string;
    const engine = engineByName(name);
    if (engine !== undefined) return { engine };
    return { label, problem: `${JSON.stringify(name)} is not a known engine (${ENGINE_NAMES.join(", ")})` };
  }
  return { engine: ENGINE_VLLM };
}

/** A ROLE_ constant; a role that is not known here, or none, is any. */
export function roleOf(labels: Labels): number {
  return roles.get(Object.hasOwn(labels, ROLE_LABEL) ? (labels[ROLE_LABEL] as string) : "") ?? ROLE_ANY;
}

/** What is wrong with the role, where no filter by role would take it for any. */
export function roleProblem(labels: Labels): string | undefined {
  const role = Object.hasOwn(labels, ROLE_LABEL) ? (labels[ROLE_LABEL] as string) : undefined;
  if (role === undefined || ROLE_NAMES.includes(role)) return undefined;
  return `${show(role)} is not a known role, ${meant(role, ROLE_NAMES)}`;
}
