// The compiled filter against the reference: the same random states, requests and plans, every score, filter and total.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as L from "../../wire/layout.ts";
import type { Candidate, Request } from "../reference/model.ts";
import { clamp } from "../reference/profile.ts";
import { Dice } from "../reference/random-state.ts";
import { type ReferencePlan, randomPlan } from "./differential-plan.ts";
import { type Setting, Settings } from "./differential-setting.ts";
import { byAddress, type Column, type ExplainedProfile, explanationOf, type PickerStep } from "./explanation.ts";
import { picksOf } from "./requests.ts";
import { profile } from "./steps.ts";

const STATES = 3200;

function assertColumn(actual: Map<string, number | null>, expected: Map<string, number>, what: string): void {
  for (const [address, value] of actual) {
    const wanted = expected.get(address);
    if (wanted === undefined) assert.equal(value, null, `${what} of ${address}, which is no candidate any more`);
    else
      assert.ok(value !== null && Math.abs(value - wanted) <= 1e-6, `${what} of ${address}: ${value}, not ${wanted}`);
  }
  for (const address of expected.keys()) assert.ok(actual.has(address), `${what} of ${address} is missing`);
}

function columnOf(candidates: readonly Candidate[], values: readonly number[]): Map<string, number> {
  return new Map(candidates.map(({ address }, index) => [address, values[index]!]));
}

/** Adds what the filter has predicted, which the reference takes as given. */
function withPredictions(candidates: readonly Candidate[], explained: ExplainedProfile): Candidate[] {
  const predicted = (column: Column | undefined) => byAddress(explained, column ?? []);
  const [ttft, tpot] = [predicted(explained.signals.ttft), predicted(explained.signals.tpot)];
  return candidates.map((candidate) => ({
    ...candidate,
    predictedTtft: ttft.get(candidate.address) ?? undefined,
    predictedTpot: tpot.get(candidate.address) ?? undefined,
  }));
}

function compareSignals({ candidates }: Setting, explained: ExplainedProfile): void {
  const { signals } = explained;
  const compare = (column: Column, what: string, of: (candidate: Candidate) => number): void =>
    assertColumn(byAddress(explained, column), columnOf(candidates, candidates.map(of)), what);
  compare(signals.queue, "queue", ({ queue }) => queue);
  compare(signals.running, "running", ({ running }) => running);
  compare(signals.kvUsage, "KV use", ({ kvUsage }) => kvUsage);
  compare(signals.inFlight, "requests in flight", ({ inFlight }) => inFlight);
  compare(signals.matchedBlocks, "matched blocks", ({ matchedBlocks }) => matchedBlocks);
}

/**
 * The candidates with one's predictions a hair to either side. An explanation has nine decimals, which may decide
 * between two of the hundredths in which the latency scorer counts.
 */
function nudged(candidates: readonly Candidate[], row: number): Candidate[][] {
  const by = (ms: number) => (value: number | undefined) => (value === undefined ? undefined : value + ms);
  return [by(1e-9), by(-1e-9)].map((nudge) =>
    candidates.map((candidate, index) => {
      if (index !== row) return candidate;
      const { predictedTtft, predictedTpot } = candidate;
      return { ...candidate, predictedTtft: nudge(predictedTtft), predictedTpot: nudge(predictedTpot) };
    }),
  );
}

/** Compares step by step; returns what the reference leaves of the candidates, and their totals. */
function compareSteps(
  { filters, scorers }: ReferencePlan,
  candidates: readonly Candidate[],
  request: Request,
  explained: ExplainedProfile,
) {
  let left = candidates;
  for (const [index, { keep }] of filters.entries()) {
    const step = explained.steps[index]!;
    assert.ok("filter" in step);
    const kept = left.length === 0 ? [] : keep(left, request);
    const passed = columnOf(
      left,
      left.map((candidate) => (kept.includes(candidate) ? 1 : 0)),
    );
    if (left.length > 0) assertColumn(byAddress(explained, step.kept), passed, step.filter);
    assert.equal(step.left, kept.length, step.filter);
    left = kept;
  }
  const totals = left.map(() => 0);
  for (const [index, { score }] of scorers.entries()) {
    const step = explained.steps[filters.length + index]!;
    assert.ok("scorer" in step);
    const scores = (left.length === 0 ? [] : score(left, request)).map(clamp);
    const actual = byAddress(explained, step.scores);
    for (const [row, { address }] of left.entries()) {
      if (Math.abs(actual.get(address)! - scores[row]!) <= 1e-6) continue;
      const nearby = nudged(left, row).map((candidates) => clamp(score(candidates, request)[row]!));
      scores[row] = nearby.find((value) => Math.abs(actual.get(address)! - value) <= 1e-6) ?? scores[row]!;
    }
    assertColumn(actual, columnOf(left, scores), step.scorer);
    for (const [row, value] of scores.entries()) totals[row]! += value;
  }
  return { left, totals };
}

function comparePicks(
  step: PickerStep,
  totals: ReadonlyMap<string, number>,
  { parameters, plugin }: { parameters: readonly number[]; plugin: number },
): void {
  const { picks } = step;
  assert.equal(picks.length, Math.min(parameters[0]!, totals.size));
  assert.equal(new Set(picks).size, picks.length);
  const picked = picks.map((address) => totals.get(address));
  for (const total of picked) assert.ok(total !== undefined, "one that the filters dropped is picked");
  if (plugin !== L.PLUGIN_MAX_SCORE_PICKER) return;
  const best = [...totals.values()].sort((a, b) => b - a).slice(0, picks.length);
  for (const [place, total] of picked.entries()) {
    assert.ok(Math.abs(total! - best[place]!) <= 1e-6, `pick ${place} has ${total}, not ${best[place]}`);
  }
}

function compare(settings: Settings, seed: number): string[] {
  const setting = settings.make(seed);
  const plan = randomPlan(new Dice(seed + 2_000_000), setting.settings);
  const steps = [...plan.filters.map(({ step }) => step), ...plan.scorers.map(({ step }) => step), plan.picker];
  const stream = settings.decide(setting, profile("default", ...steps));
  const explanation = explanationOf(stream);
  const { candidates, request } = setting;
  assert.equal(explanation.promptTokens, request.promptTokens);
  assert.equal(explanation.promptBlocks, request.totalBlocks);
  const [explained] = explanation.profiles;
  assert.ok(explained);
  assert.equal(explained.candidates, candidates.length);
  assert.equal(explained.endpoints.length, candidates.length);
  compareSignals(setting, explained);
  const known = withPredictions(candidates, explained);
  const { left, totals } = compareSteps(plan, known, request, explained);
  const picked = explained.steps.at(-1) as PickerStep;
  assertColumn(byAddress(explained, picked.totals), columnOf(left, totals), "total");
  assert.deepEqual(picksOf(stream), picked.picks);
  if (left.length === 0) assert.equal(stream.localResponse?.status, 429);
  else comparePicks(picked, columnOf(left, totals), plan.picker);
  stream.close();
  return explained.signals.ttft?.some((value) => value !== null) ? ["predicted"] : [];
}

for (const observed of [false, true]) {
  test(`the filter and the reference agree, ${observed ? "with" : "without"} predictions`, () => {
    const settings = new Settings(observed);
    let predicted = 0;
    for (let seed = observed ? 1 : 0; seed < STATES; seed += 2) {
      try {
        predicted += compare(settings, seed).length;
      } catch (error) {
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      }
    }
    if (observed) assert.ok(predicted > STATES / 3, `${predicted} states with predictions`);
    else assert.equal(predicted, 0);
  });
}
