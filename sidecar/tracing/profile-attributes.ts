import type { Attributes, AttributeValue } from "@opentelemetry/api";
import type { Column, FilterStep, PickerStep, ProfileExplanation, ScorerStep, Step } from "../explain/explanation.ts";

const isFilter = (step: Step): step is FilterStep => "filter" in step;
const isScorer = (step: Step): step is ScorerStep => "scorer" in step;
const isPicker = (step: Step): step is PickerStep => "picker" in step;

/** An endpoint of few: the picked one comes first in every column. */
function first(column: Column | undefined): number | undefined {
  return column?.[0] ?? undefined;
}

/** Attributes that are there; numbers of a list that are unknown are 0. */
function known(attributes: Record<string, AttributeValue | undefined>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** What a profile found, from the filter's explanation. Figures of one endpoint are those of the picked one. */
export function profileAttributes({ name, candidates, endpoints, signals, steps }: ProfileExplanation): Attributes {
  const filters = steps.filter(isFilter);
  const scorers = steps.filter(isScorer);
  const picker = steps.find(isPicker);
  const passed = filters.at(-1)?.left ?? candidates;
  const totals = picker?.totals.filter((total) => total !== null) ?? [];
  return known({
    "llm_d.epp.scheduling.profile.name": name,
    "llm_d.epp.filter.candidate_endpoints": candidates,
    "llm_d.epp.filter.filtered_endpoints": passed,
    "llm_d.epp.scorer.count": scorers.length,
    "llm_d.epp.picker.candidate_endpoints": passed,
    "llm_d.epp.picker.top_endpoints": endpoints.slice(0, totals.length),
    "llm_d.epp.picker.top_scores": totals,
    "inline_epp.picks": picker?.picks.slice(),
    "inline_epp.filters": filters.map((step) => step.filter),
    "inline_epp.filters.left": filters.map((step) => step.left),
    "inline_epp.scorers": scorers.map((step) => step.scorer),
    "inline_epp.scorers.weight": scorers.map((step) => step.weight),
    "inline_epp.scorers.score": scorers.map((step) => first(step.scores) ?? 0),
    "inline_epp.endpoint.queue": first(signals.queue),
    "inline_epp.endpoint.running": first(signals.running),
    "inline_epp.endpoint.kv_usage": first(signals.kvUsage),
    "inline_epp.endpoint.in_flight": first(signals.inFlight),
    "inline_epp.endpoint.matched_blocks": first(signals.matchedBlocks),
  });
}
