import type { Explanation, ScorerStep } from "../../explain/explanation.ts";
import { fillSentence, fillTable } from "./dom.ts";

/** What /why.json says. */
export interface WhyAnswer {
  /** Null: no endpoint was looked for. */
  readonly explanation: Explanation | null;
  /** Addresses, the destination first. */
  readonly destinations: readonly string[];
  /** The filter's own answer, or that the request waits, where no endpoint gets it. */
  readonly refusal: string | null;
}

const MOST_ROWS = 8;

function scorersOf({ explanation }: WhyAnswer): readonly ScorerStep[] {
  return (explanation?.profiles[0]?.steps ?? []).filter((step) => "scorer" in step);
}

/** The scorer that does most for the destination over the mean endpoint, and what it gives it; undefined: none does. */
export function mainReason(answer: WhyAnswer): { readonly scorer: string; readonly score: number } | undefined {
  const index = answer.explanation?.profiles[0]?.endpoints.indexOf(answer.destinations[0] ?? "") ?? -1;
  let best: { scorer: string; score: number; lead: number } | undefined;
  for (const { scorer, weight, scores } of scorersOf(answer)) {
    const known = scores.filter((score) => score !== null);
    const score = scores[index] ?? 0;
    const lead = weight * (score - known.reduce((sum, one) => sum + one, 0) / Math.max(1, known.length));
    if (lead > 0.001 && lead > (best?.lead ?? 0)) best = { scorer, score, lead };
  }
  return best;
}

/** Scores of the best endpoints, by scorer. */
export function showWhy(place: HTMLElement, answer: WhyAnswer | string, nameOf: (address: string) => string): void {
  if (typeof answer === "string") {
    place.replaceChildren();
    fillSentence(place, answer);
    return;
  }
  const profile = answer.explanation?.profiles[0];
  if (profile === undefined || profile.endpoints.length === 0) {
    place.replaceChildren();
    fillSentence(place, answer.refusal ?? "No endpoint takes requests.");
    return;
  }
  const scorers = scorersOf(answer);
  const totals = profile.steps.find((step) => "picker" in step)?.totals ?? [];
  const head = ["endpoint", ...scorers.map(({ scorer, weight }) => `${scorer} ×${weight}`), "total"];
  const shown = (score: number | null | undefined) => (score == null ? "dropped" : score.toFixed(2));
  const rows = profile.endpoints.slice(0, MOST_ROWS).map((address, index) => {
    const mark = address === answer.destinations[0] ? "→ " : "";
    return [mark + nameOf(address), ...scorers.map(({ scores }) => shown(scores[index])), shown(totals[index])];
  });
  const columns = place.querySelectorAll("th");
  if ([...columns].map((cell) => cell.textContent).join("|") !== head.join("|")) place.replaceChildren();
  fillTable(place, head, rows);
}
