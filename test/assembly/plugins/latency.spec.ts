import { setCandidateMatched } from "../../../assembly/schedule/candidates.ts";
import { setPrompt, setSlo } from "../../../assembly/schedule/inputs.ts";
import { scoreLatency } from "../../../assembly/schedule/scorers/latency.ts";
import { add, addPredicted, begin, expectTotals } from "./rows.ts";

const LEAST: f64 = 0;
const MOST: f64 = 1;

function score(strategy: f64 = LEAST, ttftWeight: f64 = 0.8, tpotWeight: f64 = 0.2): void {
  scoreLatency(1, ttftWeight, tpotWeight, strategy, 1, 1, 1);
}

describe("the latency-scorer", () => {
  beforeEach(begin);

  it("prefers those closest to their objectives, by least", () => {
    setSlo(100, 10);
    // Headrooms 10 and 1, 50 and 5, 90 and 9: combined 0, 0.5, 1.
    addPredicted(90, 9);
    addPredicted(50, 5);
    addPredicted(10, 1);
    score(LEAST);
    // The first has 1.01 of 1.
    expectTotals([1, 0.51, 0.01]);
  });

  it("prefers those farthest below their objectives, by most", () => {
    setSlo(100, 10);
    addPredicted(90, 9);
    addPredicted(50, 5);
    addPredicted(10, 1);
    score(MOST);
    expectTotals([0.01, 0.51, 1]);
  });

  it("blends the two times by their weights, made to sum to 1", () => {
    setSlo(100, 10);
    // First token 0 and 1, per token 1 and 0. 4 : 1 gives 0.2 and 0.8.
    addPredicted(90, 1);
    addPredicted(10, 9);
    score(LEAST, 4, 1);
    expectTotals([0.81, 0.2]);
    // No weights: the first token alone.
    begin();
    setSlo(100, 10);
    addPredicted(90, 1);
    addPredicted(10, 9);
    score(MOST, 0, 0);
    expectTotals([0.01, 1]);
  });

  it("lets one time count alone where the other is equal everywhere", () => {
    setSlo(100, 10);
    addPredicted(40, 1);
    addPredicted(40, 9);
    addPredicted(40, 5);
    score();
    expectTotals([0.01, 1, 0.51]);
    begin();
    setSlo(100, 10);
    addPredicted(20, 5);
    addPredicted(80, 5);
    score(LEAST, 0, 1);
    expectTotals([0.01, 1]);
  });

  it("gives 0.51 where all are equal, and to one that is alone", () => {
    setSlo(100, 10);
    addPredicted(40, 4);
    addPredicted(40, 4);
    score();
    expectTotals([0.51, 0.51]);
    begin();
    addPredicted(40, 4);
    score(MOST);
    expectTotals([0.51]);
  });

  it("scores only those that keep both objectives where there are any, 0 ms to spare included", () => {
    setSlo(100, 10);
    addPredicted(101, 5);
    addPredicted(50, 11, 0);
    addPredicted(100, 10);
    addPredicted(20, 2);
    score();
    expectTotals([0, 0, 1, 0.01]);
  });

  it("scores only the idle where none keeps both", () => {
    setSlo(100, 10);
    addPredicted(110, 5);
    addPredicted(300, 30, 0);
    addPredicted(200, 20, 0);
    score(MOST);
    // The idle misses 200 and 20, 100 and 10: closest first, whatever the strategy.
    expectTotals([0, 0.01, 1]);
  });

  it("scores only those that miss least where all are busy", () => {
    setSlo(100, 10);
    addPredicted(150, 15);
    addPredicted(150, 5);
    addPredicted(50, 15);
    addPredicted(50, 30);
    score(MOST);
    expectTotals([0, 0, 1, 0.01]);
    begin();
    setSlo(100, 10);
    addPredicted(150, 15);
    addPredicted(150, 5);
    score();
    expectTotals([0, 0.51]);
    begin();
    setSlo(100, 10);
    addPredicted(150, 15);
    addPredicted(300, 30);
    score();
    expectTotals([1, 0.01]);
  });

  it("prefers the fastest where the request has no objectives", () => {
    addPredicted(400, 40);
    addPredicted(100, 10);
    addPredicted(250, 25);
    score();
    expectTotals([0.01, 1, 0.51]);
  });

  it("takes a time that is not predicted as kept", () => {
    setSlo(100, 10);
    addPredicted(90, NaN);
    addPredicted(50, NaN);
    score();
    expectTotals([1, 0.01]);
    begin();
    setSlo(100, 10);
    addPredicted(90, NaN);
    addPredicted(50, 5);
    score();
    expectTotals([1, 0.01]);
    // An endpoint without a prediction keeps both; nobody else does.
    begin();
    addPredicted(90, 9);
    addPredicted(NaN, NaN);
    score();
    expectTotals([0, 0.51]);
    begin();
    setSlo(100, 10);
    addPredicted(Infinity, 9);
    addPredicted(50, 9);
    score();
    expectTotals([1, 0.01]);
  });

  it("does nothing where there is no candidate", () => {
    score();
    expectTotals([]);
  });
});

describe("the latency-scorer without predictions", () => {
  beforeEach(begin);

  it("weighs free KV cache, relative queue and share of the prompt", () => {
    setPrompt(640, 10, 64);
    add(0, 0, 0.5);
    add(5, 0, 0.25);
    setCandidateMatched(add(20, 0, 1), 5);
    scoreLatency(2, 0.8, 0.2, LEAST, 2, 1, 1);
    // 0.5 x 0.5 + 0.25 x 1; 0.5 x 0.75 + 0.25 x 0.75 = 0.5625, rounded; 0.25 x 0.5 = 0.125, rounded up.
    expectTotals([1, 1.12, 0.26]);
  });

  it("goes by free KV cache where it has no weights", () => {
    add(0, 0, 0.25);
    add(9, 0, 0.5);
    scoreLatency(1, 0.8, 0.2, LEAST, 0, 0, 0);
    expectTotals([0.75, 0.5]);
  });

  it("gives the full share of the queue where nobody waits, and none for a prompt without blocks", () => {
    setCandidateMatched(add(0, 0, 1), 3);
    scoreLatency(1, 0.8, 0.2, LEAST, 0, 3, 1);
    expectTotals([0.75]);
  });
});
