// Plans at random, with what the reference makes of each of their steps.

import * as L from "../../wire/layout.ts";
import type { PlanSettings, PlanStep, PlanTerm } from "../../wire/model.ts";
import { PLAIN_SETTINGS } from "../../wire/plan-settings.ts";
import * as filters from "../reference/filters.ts";
import { latencyScores } from "../reference/latency.ts";
import type { Candidate, Request } from "../reference/model.ts";
import { type Dice, ROLES } from "../reference/random-state.ts";
import * as scorers from "../reference/scorers.ts";
import { filter, labelFilter, picker, SESSION_HEADER, scorer } from "./steps.ts";

type Candidates = readonly Candidate[];

/** One step, and the reference's word for what it does. */
export type ReferenceFilter = { step: PlanStep; keep: (candidates: Candidates, request: Request) => Candidate[] };
export type ReferenceScorer = { step: PlanStep; score: (candidates: Candidates, request: Request) => number[] };

export type ReferencePlan = {
  readonly filters: readonly ReferenceFilter[];
  readonly scorers: readonly ReferenceScorer[];
  readonly picker: PlanStep;
  readonly settings: PlanSettings;
};

const ROLE = "llm-d.ai/role";
/** What a filter that goes by chance is given, and how it then falls. */
const NEVER = { probability: 0, random: 0.5 };
const ALWAYS = { probability: 1, random: 0 };

function labelSelector(dice: Dice): ReferenceFilter {
  const random = (): PlanTerm => ({
    key: dice.of([ROLE, "app", scorers.CONTEXT_LENGTH_LABEL, "absent"]),
    operator: dice.of([L.TERM_IN, L.TERM_NOT_IN, L.TERM_EXISTS, L.TERM_DOES_NOT_EXIST, L.TERM_IN_OR_ABSENT]),
    values: dice.shuffled([...ROLES, "a", "b"]).slice(0, dice.integer(1, 6)),
  });
  const terms = dice.of([[random()], [random()], [random(), random()]]);
  return {
    step: labelFilter("labels", ...terms),
    keep: (candidates) => terms.reduce((left, term) => holding(left, term), [...candidates]),
  };
}

function holding(candidates: Candidate[], { key, operator, values }: PlanTerm): Candidate[] {
  if (operator === L.TERM_IN_OR_ABSENT) {
    const validValues = values;
    return candidates.filter((candidate) => {
      const [kept] = filters.byLabel([candidate], { label: key, validValues, allowsNoLabel: true });
      return kept !== undefined;
    });
  }
  const names = new Map<number, filters.LabelTerm["operator"]>([
    [L.TERM_IN, "In"],
    [L.TERM_NOT_IN, "NotIn"],
    [L.TERM_EXISTS, "Exists"],
    [L.TERM_DOES_NOT_EXIST, "DoesNotExist"],
  ]);
  return filters.bySelector(candidates, { matchExpressions: [{ key, operator: names.get(operator)!, values }] });
}

function contextLengthFilter(): ReferenceFilter {
  return {
    step: filter(L.PLUGIN_CONTEXT_LENGTH_FILTER, "length", [], scorers.CONTEXT_LENGTH_LABEL),
    keep: (candidates, request) => filters.byContextLength(candidates, request),
  };
}

function prefixAffinity(dice: Dice): ReferenceFilter {
  const { probability, random } = dice.of([NEVER, NEVER, NEVER, ALWAYS]);
  const threshold = dice.of([0.8, 0.1, 0.5, 1]);
  const penalty = dice.of([0, 18000, dice.real(1000), dice.real(20), dice.real(20)]);
  const predicted = dice.chance(0.5);
  const throughput = dice.of([15928, 1000]);
  return {
    step: filter(L.PLUGIN_PREFIX_CACHE_AFFINITY_FILTER, "affinity", [
      threshold,
      probability,
      penalty,
      predicted ? 1 : 0,
      throughput,
    ]),
    keep: (candidates, request) =>
      filters.byPrefixAffinity(
        candidates,
        request,
        {
          affinityThreshold: threshold,
          explorationProbability: probability,
          maxTTFTPenaltyMs: penalty,
          ttftSource: predicted ? "latencyPredictor" : "prefillThroughput",
          peakPrefillThroughput: throughput,
        },
        random,
      ),
  };
}

function sloHeadroom(dice: Dice): ReferenceFilter {
  const { probability, random } = dice.of([NEVER, NEVER, ALWAYS]);
  return {
    step: filter(L.PLUGIN_SLO_HEADROOM_TIER_FILTER, "headroom", [probability]),
    keep: (candidates, request) => {
      const kept = filters.bySloHeadroom(candidates, request, { epsilonExploreNeg: probability }, random);
      return candidates.filter((candidate) => kept.includes(candidate));
    },
  };
}

/** Every scorer once, each of weight 1, with parameters at random. */
function allScorers(dice: Dice): ReferenceScorer[] {
  const list: ReferenceScorer[] = [];
  const add = (
    plugin: number,
    name: string,
    score: ReferenceScorer["score"],
    parameters: number[] = [],
    text = "",
  ): void => {
    list.push({ step: scorer(plugin, name, 1, parameters, text), score });
  };
  add(L.PLUGIN_QUEUE_SCORER, "queue", scorers.queueScores);
  add(L.PLUGIN_KV_CACHE_UTILIZATION_SCORER, "kv", scorers.kvCacheScores);
  add(L.PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, "running", scorers.runningRequestsScores);
  const [matchLengthWeight, matchLengthScaleTokens] = [dice.of([0, 0.3, 1]), dice.of([8192, 500])];
  const prefix = { matchLengthWeight, matchLengthScaleTokens };
  add(
    L.PLUGIN_PREFIX_CACHE_SCORER,
    "prefix",
    (candidates, request) => scorers.prefixCacheScores(candidates, request, prefix),
    [matchLengthWeight, matchLengthScaleTokens],
  );
  add(L.PLUGIN_LORA_AFFINITY_SCORER, "lora", scorers.loraAffinityScores);
  const queueThresholdTokens = dice.of([4194304, 2000]);
  add(
    L.PLUGIN_TOKEN_LOAD_SCORER,
    "tokens",
    (candidates, request) => scorers.tokenLoadScores(candidates, request, { queueThresholdTokens }),
    [queueThresholdTokens],
  );
  const [idleThreshold, maxBusyScore] = [dice.of([0, 2, 10]), dice.of([1, 0.5])];
  add(
    L.PLUGIN_ACTIVE_REQUEST_SCORER,
    "active",
    (candidates, request) => scorers.activeRequestScores(candidates, request, { idleThreshold, maxBusyScore }),
    [idleThreshold, maxBusyScore],
  );
  const threshold = dice.of([128, 5]);
  add(
    L.PLUGIN_LOAD_AWARE_SCORER,
    "load",
    (candidates, request) => scorers.loadAwareScores(candidates, request, { threshold }),
    [threshold],
  );
  add(L.PLUGIN_SESSION_AFFINITY_SCORER, "session", scorers.sessionAffinityScores, [], SESSION_HEADER);
  const lruSize = dice.of([1024, 2]);
  add(
    L.PLUGIN_NO_HIT_LRU_SCORER,
    "cold",
    (candidates) => scorers.noHitLruScores(scorers.rankedAmongThemselves(candidates, lruSize)),
    [lruSize],
  );
  add(L.PLUGIN_CONTEXT_LENGTH_SCORER, "length", scorers.contextLengthScores, [], scorers.CONTEXT_LENGTH_LABEL);
  add(L.PLUGIN_EXPECTED_LATENCY_SCORER, "expected", scorers.expectedLatencyScores);
  const [ttftWeight, tpotWeight] = dice.of([
    [0.8, 0.2],
    [1, 0],
    [0, 1],
    [0, 0],
    [3, 5],
  ] as const);
  const most = dice.chance(0.5);
  const [kv, queue, share] = [dice.of([1, 0, 2]), dice.of([1, 0]), dice.of([1, 0])];
  add(
    L.PLUGIN_LATENCY_SCORER,
    "latency",
    (candidates, request) =>
      latencyScores(candidates, request, {
        ttftWeight,
        tpotWeight,
        headroomSelectionStrategy: most ? "most" : "least",
        compositeKVWeight: kv,
        compositeQueueWeight: queue,
        compositePrefixWeight: share,
      }),
    [ttftWeight, tpotWeight, most ? 1 : 0, kv, queue, share],
  );
  return list;
}

/** A plan of up to three filters, all scorers and a picker. */
export function randomPlan(dice: Dice, settings: Partial<PlanSettings>): ReferencePlan {
  const count = dice.of([0, 1, 2, 3]);
  const filters = Array.from({ length: count }, () =>
    dice.of([labelSelector, contextLengthFilter, prefixAffinity, sloHeadroom])(dice),
  );
  const plugin = dice.of([
    L.PLUGIN_MAX_SCORE_PICKER,
    L.PLUGIN_MAX_SCORE_PICKER,
    L.PLUGIN_RANDOM_PICKER,
    L.PLUGIN_WEIGHTED_RANDOM_PICKER,
  ]);
  return {
    filters,
    scorers: dice.shuffled(allScorers(dice)),
    picker: picker(dice.of([1, 3, 16]), plugin),
    settings: { ...PLAIN_SETTINGS, ...settings },
  };
}
