// A scheduling profile: filters, then weighted scorers, then a picker.

import type { Candidate, Request } from "./model.ts";

export type Filter = (candidates: readonly Candidate[], request: Request) => Candidate[];
export type Scorer = (candidates: readonly Candidate[], request: Request) => number[];
/** Each candidate's probability to be picked first. */
export type Picker = (totals: readonly number[]) => number[];

export type Profile = {
  readonly filters: readonly Filter[];
  readonly scorers: readonly { readonly score: Scorer; readonly weight: number }[];
  readonly picker: Picker;
};

/** What a profile makes of its candidates. All lists have one entry per remaining candidate. */
export type Outcome = {
  readonly remaining: readonly Candidate[];
  /** Per scorer: its scores as it gave them. */
  readonly scores: readonly (readonly number[])[];
  /** Sum of weight x score, each score brought into 0..1 first. */
  readonly totals: readonly number[];
  /** Probability to be picked first. */
  readonly first: readonly number[];
};

/** A score brought into 0..1. */
export function clamp(score: number): number {
  return Math.min(Math.max(score, 0), 1);
}

/** Runs a profile; undefined where no candidate passes its filters. Filters behind one that leaves none do not run. */
export function runProfile(
  { filters, scorers, picker }: Profile,
  candidates: readonly Candidate[],
  request: Request,
): Outcome | undefined {
  let remaining = candidates;
  for (const filter of filters) {
    if (remaining.length === 0) break;
    remaining = filter(remaining, request);
  }
  if (remaining.length === 0) return undefined;
  const scores = scorers.map(({ score }) => score(remaining, request));
  const totals = remaining.map((_, index) =>
    scorers.reduce((sum, { weight }, scorer) => sum + clamp(scores[scorer]![index]!) * weight, 0),
  );
  return { remaining, scores, totals, first: picker(totals) };
}
