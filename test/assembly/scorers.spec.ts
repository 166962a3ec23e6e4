import {
  addCandidate, addScore, candidates, candidateTotal, clearCandidates,
} from "../../assembly/schedule/candidates.ts";
import { stageOf } from "../../assembly/schedule/plugins.ts";
import { scoreKvCacheUtilization } from "../../assembly/schedule/scorers/kv-cache-utilization.ts";
import { scoreQueue } from "../../assembly/schedule/scorers/queue.ts";
import { scoreRunningRequestsSize } from "../../assembly/schedule/scorers/running-requests-size.ts";
import { Slot } from "../../assembly/state/slots.ts";
import {
  PLUGIN_CONTEXT_LENGTH_FILTER, PLUGIN_KV_CACHE_UTILIZATION_SCORER, PLUGIN_LABEL_SELECTOR_FILTER, PLUGIN_LATENCY_SCORER,
  PLUGIN_MAX_SCORE_PICKER, PLUGIN_QUEUE_SCORER, PLUGIN_RUNNING_REQUESTS_SIZE_SCORER, PLUGIN_WEIGHTED_RANDOM_PICKER,
  STAGE_FILTER, STAGE_PICKER, STAGE_SCORER,
} from "../../wire/layout.ts";

const NO_SLOT = changetype<Slot>(0);

function runScorer(plugin: u32, weight: f64): void {
  if (plugin == PLUGIN_QUEUE_SCORER) scoreQueue(weight);
  else if (plugin == PLUGIN_RUNNING_REQUESTS_SIZE_SCORER) scoreRunningRequestsSize(weight);
  else scoreKvCacheUtilization(weight);
}

// Runs a scorer over candidates whose only figure is given, and compares their totals.
function expectTotals(plugin: u32, weight: f64, figures: f64[], totals: f64[]): void {
  clearCandidates();
  for (let i = 0; i < figures.length; i++) {
    const queue = plugin == PLUGIN_QUEUE_SCORER ? figures[i] : 1000 - f64(i);
    const running = plugin == PLUGIN_RUNNING_REQUESTS_SIZE_SCORER ? figures[i] : 7;
    const usage = plugin == PLUGIN_KV_CACHE_UTILIZATION_SCORER ? figures[i] : 0.5;
    addCandidate(i, NO_SLOT, queue, running, usage);
  }
  runScorer(plugin, weight);
  for (let i = 0; i < figures.length; i++) expect(candidateTotal(i)).toBe(totals[i], "candidate " + i.toString());
}

describe("the queue and the running-requests-size scorer", () => {
  it("part endpoints with equal queues by what runs there", () => {
    clearCandidates();
    addCandidate(0, NO_SLOT, 2, 9, 0);
    addCandidate(1, NO_SLOT, 2, 5, 0);
    addCandidate(2, NO_SLOT, 2, 1, 0);
    scoreQueue(1);
    expect(candidateTotal(0)).toBe(0);
    expect(candidateTotal(1)).toBe(0.5);
    expect(candidateTotal(2)).toBe(1);
    clearCandidates();
    addCandidate(0, NO_SLOT, 1, 0, 0);
    addCandidate(1, NO_SLOT, 0, 512, 0);
    scoreQueue(1);
    expect(candidateTotal(0)).toBe(0, "one that waits outweighs any number that run");
    expect(candidateTotal(1)).toBe(1);
  });

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
    addCandidate(0, NO_SLOT, 0, 0, 0);
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
    addCandidate(0, NO_SLOT, 0, 0, 0);
    expect(candidateTotal(0)).toBe(0);
  });
});

describe("a plugin", () => {
  it("has a stage where this filter has it", () => {
    for (let plugin = PLUGIN_QUEUE_SCORER; plugin <= PLUGIN_LATENCY_SCORER; plugin++) {
      expect(stageOf(plugin)).toBe(STAGE_SCORER, plugin.toString());
    }
    for (let plugin = PLUGIN_LABEL_SELECTOR_FILTER; plugin <= PLUGIN_CONTEXT_LENGTH_FILTER; plugin++) {
      expect(stageOf(plugin)).toBe(STAGE_FILTER, plugin.toString());
    }
    for (let plugin = PLUGIN_MAX_SCORE_PICKER; plugin <= PLUGIN_WEIGHTED_RANDOM_PICKER; plugin++) {
      expect(stageOf(plugin)).toBe(STAGE_PICKER, plugin.toString());
    }
    const none = [0, 31, 36, 63, 67, 65535];
    for (let i = 0; i < none.length; i++) expect(stageOf(none[i])).toBe(0, none[i].toString());
  });
});
