// Every filter: which candidates stay, in their order. What a filter decides by chance it decides by the number that it
// is given, from 0 up to but not including 1.

import { contains, parseContextRange } from "./context-length.ts";
import { headroomOf } from "./latency.ts";
import { type Candidate, labelOf, type Request } from "./model.ts";
import { CONTEXT_LENGTH_LABEL } from "./scorers.ts";
import { matchRatio } from "./tokens.ts";

type Candidates = readonly Candidate[];

/** One condition on a label, as Kubernetes' label selectors have it. */
export type LabelTerm = {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
};

export type LabelSelector = {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelTerm[];
};

function holds(candidate: Candidate, { key, operator, values = [] }: LabelTerm): boolean {
  const value = labelOf(candidate, key);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

/** `label-selector-filter`: those for which every condition holds; all of them where there is none. */
export function bySelector(candidates: Candidates, selector: LabelSelector): Candidate[] {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const equal = Object.entries(matchLabels).map(
    ([key, value]): LabelTerm => ({ key, operator: "In", values: [value] }),
  );
  const terms = [...equal, ...matchExpressions];
  return candidates.filter((candidate) => terms.every((term) => holds(candidate, term)));
}

export type LabelValues = {
  readonly label: string;
  readonly validValues: readonly string[];
  readonly allowsNoLabel: boolean;
};

/**
 * `by-label`: those whose label has one of the values, and those without the label where that is allowed. A label that
 * is absent also counts as one with the empty value.
 */
export function byLabel(candidates: Candidates, { label, validValues, allowsNoLabel }: LabelValues): Candidate[] {
  return candidates.filter((candidate) => {
    const value = labelOf(candidate, label);
    return (value === undefined && allowsNoLabel) || validValues.includes(value ?? "");
  });
}

const ROLE_LABEL = "llm-d.ai/role";
const PREFILL_ROLES = ["prefill", "encode-prefill", "prefill-decode", "both", "encode-prefill-decode"];
const DECODE_ROLES = ["decode", "prefill-decode", "both", "encode-prefill-decode"];
const ENCODE_ROLES = ["encode", "encode-prefill", "encode-prefill-decode"];

/** `decode-filter`: those that decode, and those without a role. */
export function decodeOnly(candidates: Candidates): Candidate[] {
  return byLabel(candidates, { label: ROLE_LABEL, validValues: DECODE_ROLES, allowsNoLabel: true });
}

/** `prefill-filter`: those that prefill. */
export function prefillOnly(candidates: Candidates): Candidate[] {
  return byLabel(candidates, { label: ROLE_LABEL, validValues: PREFILL_ROLES, allowsNoLabel: false });
}

/** `encode-filter`: those that encode images, audio or video. */
export function encodeOnly(candidates: Candidates): Candidate[] {
  return byLabel(candidates, { label: ROLE_LABEL, validValues: ENCODE_ROLES, allowsNoLabel: false });
}

export type AffinityParameters = {
  affinityThreshold?: number;
  explorationProbability?: number;
  maxTTFTPenaltyMs?: number;
  ttftSource?: "prefillThroughput" | "latencyPredictor";
  peakPrefillThroughput?: number;
};

/**
 * `prefix-cache-affinity-filter`: those that have at least `affinityThreshold` of the prompt cached. All stay where
 * there is only one, where none has so much, by the chance of exploration, and where the fastest with the prefix would
 * answer more than `maxTTFTPenaltyMs` later than the fastest without it (0: never mind). The time to the first token
 * is that of the tokens in flight at the peak throughput, this request's own not counted, or the predicted one.
 */
export function byPrefixAffinity(
  candidates: Candidates,
  request: Request,
  parameters: AffinityParameters,
  random: number,
): Candidate[] {
  const { affinityThreshold: threshold = 0.8, explorationProbability = 0, maxTTFTPenaltyMs: most = 18000 } = parameters;
  const { ttftSource = "prefillThroughput", peakPrefillThroughput = 15928 } = parameters;
  if (random < explorationProbability) return [...candidates];
  const sticky = candidates.filter((candidate) => matchRatio(candidate, request) >= threshold);
  const others = candidates.filter((candidate) => !sticky.includes(candidate));
  if (sticky.length === 0) return [...candidates];
  const ttft = ({ predictedTtft, tokensInFlight }: Candidate): number =>
    ttftSource === "latencyPredictor"
      ? (predictedTtft ?? Number.MAX_VALUE)
      : (tokensInFlight / peakPrefillThroughput) * 1000;
  const penalty = Math.min(...sticky.map(ttft)) - Math.min(...others.map(ttft));
  return most > 0 && penalty > most ? [...candidates] : sticky;
}

/**
 * `slo-headroom-tier-filter`: those that are predicted to keep both limits or, by the chance `epsilonExploreNeg`, those
 * that are not, with those that nothing is predicted for behind them. All stay where there is one candidate, or no
 * prediction; a tier alone stays.
 */
export function bySloHeadroom(
  candidates: Candidates,
  request: Request,
  { epsilonExploreNeg = 0.01 },
  random: number,
): Candidate[] {
  const kept: Candidate[] = [];
  const broken: Candidate[] = [];
  const unknown: Candidate[] = [];
  for (const candidate of candidates) {
    const headroom = headroomOf(candidate, request);
    if (headroom === undefined) unknown.push(candidate);
    else (headroom.ttft >= 0 && headroom.tpot >= 0 ? kept : broken).push(candidate);
  }
  if (unknown.length === candidates.length) return [...candidates];
  const rest = [...broken, ...unknown];
  if (kept.length === 0) return rest;
  if (rest.length === 0) return kept;
  return random < epsilonExploreNeg ? rest : kept;
}

/**
 * `context-length-aware` with `enableFiltering`: those whose label's range has the prompt's length, and those without
 * the label; a malformed label is no range.
 */
export function byContextLength(
  candidates: Candidates,
  { promptTokens }: Request,
  { label = CONTEXT_LENGTH_LABEL } = {},
): Candidate[] {
  return candidates.filter((candidate) => {
    const text = labelOf(candidate, label);
    if (text === undefined) return true;
    const range = parseContextRange(text);
    return range !== null && contains(range, promptTokens);
  });
}
