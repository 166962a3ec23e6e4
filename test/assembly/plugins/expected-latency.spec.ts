import { setCandidateMatched } from "../../../assembly/schedule/candidates.ts";
import { setPrompt } from "../../../assembly/schedule/inputs.ts";
import { scoreExpectedLatency } from "../../../assembly/schedule/scorers/expected-latency.ts";
import { add, begin, expectTotals } from "./rows.ts";

describe("the expected-latency-scorer", () => {
  it("is the least cost by the cost, of uncached tokens and of requests there", () => {
    begin();
    setPrompt(1024, 16, 64);
    add(0, 0); // 1 + 1024
    add(0, 1); // 1 + 1024 + 512
    setCandidateMatched(add(0, 2), 16); // 1 + 1024
    setCandidateMatched(add(1, 2), 8); // 1 + 512 + 1536
    scoreExpectedLatency(1);
    expectTotals([1, 1025.0 / 1537, 1, 1025.0 / 2049]);
  });

  it("prefers a cached prompt only as long as its endpoint is not busier by what the prompt is worth", () => {
    begin();
    setPrompt(2048, 32, 64);
    setCandidateMatched(add(0, 3), 32); // 1 + 1536
    add(0, 0); // 1 + 2048
    scoreExpectedLatency(2);
    expectTotals([2, (2 * 1537.0) / 2049]);
    begin();
    setPrompt(2048, 32, 64);
    setCandidateMatched(add(0, 5), 32); // 1 + 2560
    add(0, 0); // 1 + 2048
    scoreExpectedLatency(1);
    expectTotals([2049.0 / 2561, 1]);
  });

  it("goes by requests alone where nothing is known of the prompt", () => {
    begin();
    add(0, 0);
    add(0, 1);
    add(3, 4);
    scoreExpectedLatency(1);
    expectTotals([1, 1.0 / 513, 1.0 / 3585]);
  });

  it("gives 1 to one alone, and nothing to nobody", () => {
    begin();
    add(7, 9);
    scoreExpectedLatency(1);
    expectTotals([1]);
    begin();
    scoreExpectedLatency(1);
    expectTotals([]);
  });
});
