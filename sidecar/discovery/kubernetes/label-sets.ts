import { ENGINE_VLLM } from "../../../wire/layout.ts";
import { engineOf, ROLE_LABEL, roleOf, roleProblem } from "../labels.ts";

/** The labels of a pod and what they say. */
export interface LabelSet {
  readonly labels: Readonly<Record<string, string>>;
  /** One of the ENGINE_ constants. */
  readonly engine: number;
  /** One of the ROLE_ constants. */
  readonly role: number;
  /** What is surely not meant: the label, and what is wrong with it. */
  readonly problems: readonly (readonly [label: string, problem: string])[];
}

const MOST_SETS = 8192;
const MOST_TEXTS = 65536;

function judge(labels: Readonly<Record<string, string>>): LabelSet {
  const engine = engineOf(labels);
  const role = roleProblem(labels);
  return {
    labels,
    // As the reference does: an engine it has no metrics for is read as its default one.
    engine: "problem" in engine ? ENGINE_VLLM : engine.engine,
    role: roleOf(labels),
    problems: [
      ...("problem" in engine ? [[engine.label, `${engine.problem}; it is read as vllm`] as const] : []),
      ...(role === undefined ? [] : [[ROLE_LABEL, role] as const]),
    ],
  };
}

/** Keeps equal labels once: pods of one template have the same, and there are thousands. */
export class LabelSets {
  readonly #sets = new Map<string, LabelSet>();
  readonly #texts = new Map<string, string>();

  /** The set of these labels, which are texts; the same object for equal labels in the same order. */
  of(labels: Readonly<Record<string, string>>): LabelSet {
    const id = JSON.stringify(labels);
    const known = this.#sets.get(id);
    if (known !== undefined) return known;
    // Labels that come and go must not add up; the few that are made again cost nothing but the sharing.
    if (this.#sets.size >= MOST_SETS) this.#sets.clear();
    if (this.#texts.size >= MOST_TEXTS) this.#texts.clear();
    const entries = Object.entries(labels).map(([key, value]) => [this.#text(key), this.#text(value)]);
    const set = judge(Object.fromEntries(entries));
    this.#sets.set(id, set);
    return set;
  }

  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  }
}
