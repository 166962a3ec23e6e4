// How far the filter's latency model is off, on the simulator's engines in virtual time, and what it costs.

import { compileAssembly } from "../../test/harness/assembly-module.ts";
import type { CaseOptions, CaseResult, ResultLine } from "../lib/case.ts";
import { type Answered, type LatencyModel, runWorkload, type Situation } from "../lib/latency-workload.ts";
import { median } from "../lib/table.ts";

const LOADS = [0.5, 0.9];
/** Time factors of the engines: the slowest takes six times as long as the fastest. */
const TIME_SCALES = [0.5, 0.8, 1, 1.25, 2, 3];
const SEED = 7;
const PHASES = ["early", "late"] as const;
/** Which of the answered requests, by their number, belong to a phase. */
const RANGES = { early: [100, 500], late: [2000, Number.POSITIVE_INFINITY] } as const;
/** What predicts: each endpoint's own model, that of all of them together, or the mean of an endpoint's times. */
const ARMS = ["endpoint", "pool", "mean"] as const;
type Arm = (typeof ARMS)[number];
const MEAN_KEEP = 0.99;
/** A slot that nothing is observed of, for which the model of all speaks. */
const UNSEEN = 65_000;

type Exports = {
  observeTtft(slot: number, ...rest: [number, number, number, number, number, number]): void;
  observeTpot(slot: number, ...rest: [number, number, number, number]): void;
  predictTtft(slot: number, ...rest: [number, number, number, number, number]): number;
  predictTpot(slot: number, ...rest: [number, number, number]): number;
  predictAll(slots: number, rounds: number): number;
};

/** How far predictions are off. */
interface Errors {
  /** Mean of the truth and mean distance from it, ms. */
  readonly mean: number;
  readonly mae: number;
  /** Of the distances as shares of the truth: mean, median and 90th percentile. */
  readonly mape: number;
  readonly median: number;
  readonly p90: number;
}

/** The filter's model. */
function createModel(exports: Exports, arm: Arm): LatencyModel {
  const asked = ({ slot }: Situation) => (arm === "endpoint" ? slot : UNSEEN);
  return {
    predictTtft: (s) => exports.predictTtft(asked(s), s.uncached, s.ahead, s.waiting, s.running, s.usage),
    predictTpot: (s) => exports.predictTpot(asked(s), s.running, s.usage, s.tokens),
    observeTtft: (s, ms) => exports.observeTtft(s.slot, s.uncached, s.ahead, s.waiting, s.running, s.usage, ms),
    observeTpot: (s, ms) => exports.observeTpot(s.slot, s.running, s.usage, s.tokens, ms),
  };
}

/** For each endpoint the mean of its times, as much forgotten as the filter's model forgets. */
function createMeans(): LatencyModel {
  const means = { ttft: new Map<number, [number, number]>(), tpot: new Map<number, [number, number]>() };
  const predict = (kind: keyof typeof means, slot: number) => {
    const [sum, count] = means[kind].get(slot) ?? [Number.NaN, 1];
    return sum / count;
  };
  const observe = (kind: keyof typeof means, slot: number, milliseconds: number) => {
    const [sum, count] = means[kind].get(slot) ?? [0, 0];
    means[kind].set(slot, [MEAN_KEEP * sum + milliseconds, MEAN_KEEP * count + 1]);
  };
  return {
    predictTtft: ({ slot }) => predict("ttft", slot),
    predictTpot: ({ slot }) => predict("tpot", slot),
    observeTtft: ({ slot }, milliseconds) => observe("ttft", slot, milliseconds),
    observeTpot: ({ slot }, milliseconds) => observe("tpot", slot, milliseconds),
  };
}

/** Leaves out what was predicted before anything had been observed. */
function errorsOf(all: readonly { predicted: number; truth: number }[]): Errors {
  const pairs = all.filter(({ predicted }) => !Number.isNaN(predicted));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const distances = pairs.map(({ predicted, truth }) => Math.abs(predicted - truth));
  const shares = pairs.map(({ truth }, index) => distances[index]! / truth).sort((a, b) => a - b);
  return {
    mean: mean(pairs.map(({ truth }) => truth)),
    mae: mean(distances),
    mape: mean(shares),
    median: median(shares),
    p90: shares[Math.floor(0.9 * (shares.length - 1))] ?? Number.NaN,
  };
}

const VIEWS = {
  TTFT: ({ predictedTtft, ttft }: Answered) => ({ predicted: predictedTtft, truth: ttft }),
  TPOT: ({ predictedTpot, tpot }: Answered) => ({ predicted: predictedTpot, truth: tpot }),
} as const;

/** How far an endpoint's model is off in the end, of how far its mean is. */
function besideMean(lines: readonly ResultLine[], what: string): ResultLine {
  const load = LOADS.at(-1)!;
  const mae = (model: Arm) => {
    const found = lines.find(
      (line) => line.what === what && line.model === model && line.load === load && line.phase === "late",
    );
    return Number(found?.mae);
  };
  const share = Number((mae("endpoint") / mae("mean")).toPrecision(3));
  return { case: "latency", load, phase: "late", what, mae_of_mean: share };
}

/** Nanoseconds of one call, the least of five times. */
function nanoseconds(calls: number, run: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const started = performance.now();
    run();
    return performance.now() - started;
  });
  return (Math.min(...times) * 1e6) / calls;
}

function costs(exports: Exports): ResultLine {
  const observe = () => {
    for (let i = 0; i < 100_000; i++) {
      exports.observeTtft(i % 1000, (i * 37) % 5000, (i * 91) % 9000, i % 7, i % 16, (i % 10) / 10, 50 + (i % 500));
    }
  };
  const observing = nanoseconds(100_000, observe);
  const predicting = nanoseconds(1_000_000, () => exports.predictAll(1000, 1000));
  return { case: "latency", observeTtftNs: Math.round(observing), predictTtftNs: Number(predicting.toFixed(1)) };
}

export async function run({ quick, progress }: CaseOptions): Promise<CaseResult> {
  const start = await compileAssembly<Exports>("latency-module.ts");
  const lines: ResultLine[] = [];
  const percent = (share: number) => `${(share * 100).toFixed(1)}%`;
  const rows = [["load", "requests", "model", "what", "mean ms", "MAE ms", "MAPE", "median", "p90"]];
  for (const load of LOADS) {
    for (const arm of ARMS) {
      progress(`load ${load}, ${arm}`);
      const workload = { timeScales: TIME_SCALES, load, requests: quick ? 5000 : 30_000, seed: SEED };
      const answered = runWorkload(workload, arm === "mean" ? createMeans() : createModel(start(), arm));
      for (const phase of PHASES) {
        const part = answered.slice(...RANGES[phase]);
        for (const [what, view] of Object.entries(VIEWS)) {
          const errors = errorsOf(part.map(view));
          lines.push({ case: "latency", load, phase, model: arm, what, ...errors });
          const { mean, mae, mape, median, p90 } = errors;
          const figures = [mean.toFixed(1), mae.toFixed(1), percent(mape), percent(median), percent(p90)];
          rows.push([String(load), phase, arm, what, ...figures]);
        }
      }
    }
  }
  for (const what of Object.keys(VIEWS)) lines.push(besideMean(lines, what));
  const cost = costs(start());
  lines.push(cost);
  const costRows = [
    ["ns of one", "observation", "prediction"],
    ["", `${cost.observeTtftNs}`, `${cost.predictTtftNs}`],
  ];
  return { lines, tables: [rows, costRows] };
}
