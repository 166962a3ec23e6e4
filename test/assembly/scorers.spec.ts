import { addCandidate, addScore, candidates, candidateTotal, clearCandidates } from "../../assembly/schedule/candidates.ts";
import { runScorer, stageOf } from "../../assembly/schedule/plugins.ts";
import {
  PLUGIN_KV_CACHE_UTILIZATION_SCORER, PLUGIN_MAX_SCORE_PICKER, PLUGIN_QUEUE_SCORER, PLUGIN_RANDOM_PICKER,
  PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, STAGE_PICKER, STAGE_SCORER,
} from "../../wire/layout.ts";

// Runs a scorer over candidates whose only figure is given, and compares their totals.
function expectTotals(plugin: u32, weight: f64, figures: f64[], totals: f64[]): void {
  clearCandidates();
  for (let i = 0; i < figures.length; i++) {
    const queue = plugin == PLUGIN_QUEUE_SCORER ? figures[i] : 1000 - f64(i);
    const running = plugin == PLUGIN_RUNNING_REQUESTS_SIZE_SCORER ? figures[i] : 1000 - f64(i);
    const usage = plugin == PLUGIN_KV_CACHE_UTILIZATION_SCORER ? figures[i] : 0.5;
    addCandidate(i, queue, running, usage);
  }
  runScorer(plugin, weight);
  for (let i = 0; i < figures.length; i++) expect(candidateTotal(i)).toBe(totals[i], "candidate " + i.toString());
}

describe("the queue and the running-requests-size scorer", () => {
  it("give 1 to the least, 0 to the most and the share between them", () => {
    expectTotals(PLUGIN_QUEUE_SCORER, 1, [3, 0, 6], [0.5, 1, 0]);
    expectTotals(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, 1, [3, 0, 6], [0.5, 1, 0]);
    expectTotals(PLUGIN_QUEUE_SCORER, 1, [14, 10, 11, 12], [0, 1, 0.75, 0.5]);
    expectTotals(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, 1, [14, 10, 11, 12], [0, 1, 0.75, 0.5]);
  });

  it("give 1 to all where all are equal", () => {
    expectTotals(PLUGIN_QUEUE_SCORER, 1, [0, 0, 0], [1, 1, 1]);
    expectTotals(PLUGIN_QUEUE_SCORER, 1, [9, 9], [1, 1]);
    expectTotals(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, 1, [9, 9], [1, 1]);
  });

  it("give 1 to a candidate that is alone", () => {
    expectTotals(PLUGIN_QUEUE_SCORER, 1, [500], [1]);
    expectTotals(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, 1, [500], [1]);
  });

  it("multiply by their weight", () => {
    expectTotals(PLUGIN_QUEUE_SCORER, 2.5, [3, 0, 6], [1.25, 2.5, 0]);
    expectTotals(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, 0, [3, 0, 6], [0, 0, 0]);
    expectTotals(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, -2, [3, 0, 6], [-1, -2, 0]);
  });

  it("take the largest figures there can be", () => {
    const most = f64(u32.MAX_VALUE) * 2;
    expectTotals(PLUGIN_QUEUE_SCORER, 1, [most, 0], [0, 1]);
  });

  it("do nothing where there is no candidate", () => {
    clearCandidates();
    runScorer(PLUGIN_QUEUE_SCORER, 1);
    runScorer(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, 1);
    runScorer(PLUGIN_KV_CACHE_UTILIZATION_SCORER, 1);
    expect(candidates()).toBe(0);
  });
});

describe("the kv-cache-utilization-scorer", () => {
  it("gives what is free", () => {
    expectTotals(PLUGIN_KV_CACHE_UTILIZATION_SCORER, 1, [0, 0.25, 1], [1, 0.75, 0]);
    expectTotals(PLUGIN_KV_CACHE_UTILIZATION_SCORER, 2, [0.5], [1]);
  });

  it("does not depend on the other candidates", () => {
    expectTotals(PLUGIN_KV_CACHE_UTILIZATION_SCORER, 1, [0.9375, 0.9375], [0.0625, 0.0625]);
  });
});

describe("a score", () => {
  beforeEach(() => {
    clearCandidates();
    addCandidate(0, 0, 0, 0);
  });

  it("is held to 0..1 before it is weighed", () => {
    addScore(0, -3, 10);
    expect(candidateTotal(0)).toBe(0);
    addScore(0, 7, 10);
    expect(candidateTotal(0)).toBe(10);
  });

  it("adds up over the scorers", () => {
    addScore(0, 0.5, 2);
    addScore(0, 0.25, 4);
    expect(candidateTotal(0)).toBe(2);
  });

  it("of a candidate's predecessor in the columns is forgotten", () => {
    addScore(0, 1, 5);
    clearCandidates();
    addCandidate(0, 0, 0, 0);
    expect(candidateTotal(0)).toBe(0);
  });
});

describe("a plugin", () => {
  it("has a stage where this filter has it", () => {
    expect(stageOf(PLUGIN_QUEUE_SCORER)).toBe(STAGE_SCORER);
    expect(stageOf(PLUGIN_KV_CACHE_UTILIZATION_SCORER)).toBe(STAGE_SCORER);
    expect(stageOf(PLUGIN_RUNNING_REQUESTS_SIZE_SCORER)).toBe(STAGE_SCORER);
    expect(stageOf(PLUGIN_MAX_SCORE_PICKER)).toBe(STAGE_PICKER);
    expect(stageOf(PLUGIN_RANDOM_PICKER)).toBe(STAGE_PICKER);
    expect(stageOf(0)).toBe(0);
    expect(stageOf(63)).toBe(0);
    expect(stageOf(65535)).toBe(0);
  });
});
