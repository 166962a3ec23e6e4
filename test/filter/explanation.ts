// The filter's explanations of its decisions, as assembly/schedule/trace.ts writes them.

import assert from "node:assert/strict";
import type { FilterStream } from "../../sidecar/wasm-host/stream.ts";

/** A number of each endpoint, in the order of the profile's `endpoints`; null where unknown. */
export type Column = readonly (number | null)[];

export type FilterStep = {
  readonly filter: string;
  /** 1: passed; 0: dropped here; null: dropped before. */
  readonly kept: Column;
  /** How many passed. */
  readonly left: number;
};

export type ScorerStep = { readonly scorer: string; readonly weight: number; readonly scores: Column };

export type PickerStep = {
  readonly picker: string;
  readonly totals: Column;
  /** Endpoints that share the best total. */
  readonly ties: number;
  /** Addresses, best first. */
  readonly picks: readonly string[];
};

export type Signals = {
  readonly queue: Column;
  readonly running: Column;
  readonly kvUsage: Column;
  readonly inFlight: Column;
  readonly matchedBlocks: Column;
  /** Milliseconds; absent where no step reads predictions. */
  readonly ttft?: Column;
  readonly tpot?: Column;
};

export type ExplainedProfile = {
  readonly name: string;
  readonly candidates: number;
  /** Addresses; may be fewer than the candidates. */
  readonly endpoints: readonly string[];
  readonly signals: Signals;
  readonly steps: readonly (FilterStep | ScorerStep | PickerStep)[];
};

export type Explanation = {
  readonly pool: string;
  readonly promptTokens: number;
  readonly promptBlocks: number;
  readonly profiles: readonly ExplainedProfile[];
};

const SIGNALS = ["queue", "running", "kvUsage", "inFlight", "matchedBlocks"];
const FILTER = ["filter", "kept", "left"];
const SCORER = ["scorer", "weight", "scores"];
const PICKER = ["picker", "totals", "ties", "picks"];

function isColumn(value: unknown, length: number): boolean {
  return Array.isArray(value) && value.length === length && value.every((item) => item === null || isNumber(item));
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function checkProfile(profile: ExplainedProfile): void {
  assert.deepEqual(Object.keys(profile), ["name", "candidates", "endpoints", "signals", "steps"]);
  const count = profile.endpoints.length;
  assert.equal(new Set(profile.endpoints).size, count);
  const names = Object.keys(profile.signals);
  assert.deepEqual(
    names.filter((name) => name !== "ttft" && name !== "tpot"),
    SIGNALS,
  );
  for (const column of Object.values(profile.signals)) assert.ok(isColumn(column, count));
  for (const step of profile.steps) {
    if ("filter" in step) {
      assert.deepEqual(Object.keys(step), FILTER);
      assert.ok(isColumn(step.kept, count) && isNumber(step.left));
    } else if ("scorer" in step) {
      assert.deepEqual(Object.keys(step), SCORER);
      assert.ok(isColumn(step.scores, count) && isNumber(step.weight));
    } else {
      assert.deepEqual(Object.keys(step), PICKER);
      assert.ok(isColumn(step.totals, count) && isNumber(step.ties));
    }
  }
}

/** Reads an explanation; fails the test where it is not exactly of the form above. */
export function parseExplanation(text: string): Explanation {
  const explanation = JSON.parse(text) as Explanation;
  assert.deepEqual(Object.keys(explanation), ["pool", "promptTokens", "promptBlocks", "profiles"]);
  explanation.profiles.forEach(checkProfile);
  return explanation;
}

/** What came with an answer whose headers have passed; fails the test where there is no explanation. */
export function explanationOf(stream: FilterStream): Explanation {
  return parseExplanation(stream.responseHeaders?.get("x-explain") ?? "no explanation");
}

/** The explanation's first profile, the one that picks the destination. */
export function explainedProfile(stream: FilterStream): ExplainedProfile {
  const [profile] = explanationOf(stream).profiles;
  assert.ok(profile);
  return profile;
}

/** A column by address. */
export function byAddress({ endpoints }: ExplainedProfile, column: Column): Map<string, number | null> {
  return new Map(endpoints.map((address, index) => [address, column[index] ?? null]));
}

/** The scores of the scorer with that name, by address. */
export function scoresOf(profile: ExplainedProfile, name: string): Map<string, number | null> {
  const step = profile.steps.find((step) => "scorer" in step && step.scorer === name) as ScorerStep | undefined;
  assert.ok(step, `no scorer ${name}`);
  return byAddress(profile, step.scores);
}
