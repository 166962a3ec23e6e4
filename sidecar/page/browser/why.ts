// An explanation of the filter's: what it picked, by which figures and scores, and whom its filters removed.

import type { FilterStep, ProfileExplanation } from "../../explain/explanation.ts";
import type { ProfileWords, WhyAnswer } from "../why.ts";
import { fillSentence, fillTable, make } from "./dom.ts";
import { percent } from "./format.ts";
import { scorersOf } from "./reasons.ts";

const MOST_ROWS = 8;
const WAITS = "It would wait first: the pool is saturated, or others wait before it. After that:";
const SIGNALS = ["queue", "running", "KV", "in flight", "blocks held"];

/** Whose row is marked how: text before an endpoint's name, by its address. */
export type Marks = ReadonlyMap<string, string>;

function figure(value: number | null | undefined, text: (value: number) => string): string {
  return value == null ? "–" : text(value);
}

function profileTable(
  profile: ProfileExplanation,
  marks: Marks,
  nameOf: (address: string) => string,
): { head: string[]; rows: string[][] } {
  const scorers = scorersOf(profile.steps);
  const filters = profile.steps.filter((step): step is FilterStep => "filter" in step);
  const totals = profile.steps.find((step) => "picker" in step)?.totals ?? [];
  const { queue, running, kvUsage, inFlight, matchedBlocks } = profile.signals;
  const rows = profile.endpoints.flatMap((address, row) => {
    const mark = marks.get(address);
    if (row >= MOST_ROWS && mark === undefined) return [];
    const by = filters.find(({ kept }) => kept[row] === 0);
    const total = by === undefined ? figure(totals[row], (value) => value.toFixed(2)) : `dropped by ${by.filter}`;
    return [
      [
        mark === undefined ? nameOf(address) : `${mark} ${nameOf(address)}`,
        total,
        ...scorers.map(({ scores }) => figure(scores[row], (value) => value.toFixed(2))),
        figure(queue[row], String),
        figure(running[row], String),
        figure(kvUsage[row], percent),
        figure(inFlight[row], String),
        figure(matchedBlocks[row], String),
      ],
    ];
  });
  return {
    head: ["endpoint", "total", ...scorers.map(({ scorer, weight }) => `${scorer} × ${weight}`), ...SIGNALS],
    rows,
  };
}

function listText(texts: readonly string[], all: number): string {
  return all > texts.length ? `${texts.join(", ")} and ${all - texts.length} more` : texts.join(", ");
}

function removals({ dropped }: ProfileWords): string[] {
  return dropped.map(({ filter, endpoints, all }) => `The filter ${filter} dropped ${listText(endpoints, all)}.`);
}

/** Makes the children of an element these texts' paragraphs. */
function fillParagraphs(place: HTMLElement, texts: readonly string[]): void {
  if ([...place.children].map(({ textContent }) => textContent).join("\n") === texts.join("\n")) return;
  place.replaceChildren(...texts.map((text) => make("p", text)));
}

function holders(place: HTMLElement, count: number): HTMLElement[] {
  if (place.children.length !== count || place.querySelector(":scope > .profile") === null) {
    const made = Array.from({ length: count }, () => {
      const table = make("div", "", "scroll");
      table.tabIndex = 0;
      table.role = "region";
      table.ariaLabel = "Scores by endpoint";
      return make("div", [make("div"), table, make("div")], "profile");
    });
    place.replaceChildren(...made);
  }
  return [...place.children] as HTMLElement[];
}

/** Shows an explanation, a profile after the other; in place of one that is not there, a sentence. */
export function showWhy(
  place: HTMLElement,
  answer: WhyAnswer | string,
  marks: Marks,
  nameOf: (address: string) => string,
): void {
  const profiles = typeof answer === "string" ? [] : (answer.explanation?.profiles ?? []);
  if (typeof answer === "string" || profiles.every(({ endpoints }) => endpoints.length === 0)) {
    const text = typeof answer === "string" ? answer : (answer.refusal ?? "No endpoint takes requests.");
    fillSentence(place, text);
    return;
  }
  const { endpoints, all } = answer.notConsidered;
  const aside = endpoints.map(({ address, why }) => `${address} (${why})`);
  for (const [index, holder] of holders(place, profiles.length).entries()) {
    const [before, table, after] = holder.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
    const words = answer.profiles[index]!;
    const waits = answer.waits && index === 0 ? [WAITS] : [];
    const picked = profiles.length === 1 ? capital(words.outcome) : `Profile ${words.name} ${words.outcome}.`;
    fillParagraphs(before, [...waits, picked]);
    const { head, rows } = profileTable(profiles[index]!, marks, nameOf);
    fillTable(table, head, rows);
    const isLast = index === profiles.length - 1;
    const notes = isLast && aside.length > 0 ? [`Not considered: ${listText(aside, all)}.`] : [];
    fillParagraphs(after, [...removals(words), ...notes]);
  }
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
