// What stands to be said about a profile's outcome beside its figures: who was not considered, who was dropped by
// what, and what decided between those that were left.

import { PLUGIN_MAX_SCORE_PICKER, PLUGIN_WEIGHTED_RANDOM_PICKER } from "../../wire/layout.ts";
import { isFresh } from "../state/fresh.ts";
import type { FilterStep, PickerStep, ProfileExplanation } from "./explanation.ts";
import type { SnapshotEndpoint, SnapshotPlan, SnapshotPool } from "./snapshot.ts";

/** Totals come with nine decimals; what differs by less is what rounding makes of it. */
const DECIMALS = 9;

/** An endpoint that no profile had to choose from. */
export interface Unconsidered {
  readonly address: string;
  readonly why: string;
}

function whyUnconsidered({ sample }: SnapshotEndpoint, freshFor: number): string {
  if (!sample.ready) return "not ready";
  if (sample.age === undefined) return "never scraped";
  return `its sample is ${sample.age} ms old, fresh for ${freshFor} ms`;
}

/** The pool's endpoints that take no requests, or of which nothing new is known while it is of others. */
export function unconsidered({ endpoints, freshFor }: SnapshotPool, profile?: ProfileExplanation): Unconsidered[] {
  const considered = new Set(profile?.endpoints);
  return endpoints
    .filter(({ endpoint }) => !considered.has(endpoint.address))
    .map((one) => ({ address: one.endpoint.address, why: whyUnconsidered(one, freshFor) }));
}

/** Whether the profile had to go by requests in flight alone, since no sample of a ready endpoint is fresh. */
export function isBlind({ endpoints, freshFor }: SnapshotPool, profile: ProfileExplanation): boolean {
  const considered = new Set(profile.endpoints);
  return endpoints.some((one) => considered.has(one.endpoint.address) && !isFresh(one.sample, freshFor));
}

/** Which addresses each filter dropped, for the filters that dropped any. */
export function droppedBy({ endpoints, steps }: ProfileExplanation): { filter: string; addresses: string[] }[] {
  return steps
    .filter((step): step is FilterStep => "filter" in step)
    .map(({ filter, kept }) => ({ filter, addresses: endpoints.filter((_, row) => kept[row] === 0) }))
    .filter(({ addresses }) => addresses.length > 0);
}

/** The profile's last step. */
export function pickerOf({ steps }: ProfileExplanation): PickerStep {
  return steps.at(-1) as PickerStep;
}

function figure(value: number): string {
  return String(Number(value.toFixed(DECIMALS)));
}

// By chance in proportion to totals; those of none come last.
function weightedChance(total: number, totals: readonly number[]): string {
  const sum = totals.reduce((all, one) => all + Math.max(one, 0), 0);
  if (sum === 0) return "by chance, each equally likely: no total is above 0";
  return `by chance, with a probability of ${((Math.max(total, 0) / sum) * 100).toFixed(1)} %`;
}

// Why the first of the picks was picked, as the end of a sentence that begins with its address.
function reason(plan: SnapshotPlan, profile: ProfileExplanation): string {
  const { totals, ties, picker } = pickerOf(profile);
  const left = totals.filter((total) => total !== null);
  if (left.length === 1) return "the only endpoint left";
  const step = plan.profiles.find(({ name }) => name === profile.name)?.steps.at(-1);
  if (step?.plugin === PLUGIN_WEIGHTED_RANDOM_PICKER) {
    return `${weightedChance(left[0]!, left)} (${picker})`;
  }
  if (step?.plugin !== PLUGIN_MAX_SCORE_PICKER) return `by chance among the ${left.length} left (${picker})`;
  if (ties > 1) return `by chance among ${ties} endpoints that tie at ${figure(left[0]!)}`;
  const next = profile.endpoints.filter((_, row) => totals[row] !== null).slice(1);
  const best = Math.max(...left.slice(1));
  return `${figure(left[0]! - best)} ahead of ${next[left.slice(1).indexOf(best)]}`;
}

/** Who was picked and why, in words; endpoints go by their addresses. */
export function outcome(plan: SnapshotPlan, profile: ProfileExplanation): string {
  const [picked] = pickerOf(profile).picks;
  if (picked === undefined) return "picked nothing: the filters leave no endpoint";
  return `picked ${picked}: ${reason(plan, profile)}`;
}
