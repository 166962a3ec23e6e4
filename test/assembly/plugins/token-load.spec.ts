import { setCandidateMatched } from "../../../assembly/schedule/candidates.ts";
import { setOutput, setPrompt } from "../../../assembly/schedule/inputs.ts";
import { scoreTokenLoad } from "../../../assembly/schedule/scorers/token-load.ts";
import { add, begin, expectTotals, slotOf } from "./rows.ts";

function addTokens(own: u32, other: u32 = 0): u32 {
  const row = add();
  slotOf(row).ownTokens = own;
  slotOf(row).otherTokens = other;
  return row;
}

describe("the token-load-scorer", () => {
  beforeEach(begin);

  it("gives what is left below the threshold, of all workers' tokens", () => {
    addTokens(0);
    addTokens(250);
    addTokens(250, 500);
    addTokens(1000);
    addTokens(5000, 5000);
    scoreTokenLoad(1, 1000);
    expectTotals([1, 0.75, 0.25, 0, 0]);
  });

  it("counts the prompt's tokens that the endpoint has not cached", () => {
    // 400 tokens in 6 blocks of 64: 400 new, 272 new with 2 blocks held, 16 with all 6.
    setPrompt(400, 6, 64);
    addTokens(100);
    setCandidateMatched(addTokens(100), 2);
    setCandidateMatched(addTokens(0), 6);
    scoreTokenLoad(2, 1000);
    expectTotals([1, 1.256, 1.968]);
  });

  it("counts the answer's expected tokens", () => {
    setPrompt(100, 1, 64);
    setOutput(150);
    setCandidateMatched(addTokens(250), 1);
    scoreTokenLoad(1, 1000);
    expectTotals([1 - 0.436]); // 250 + 36 + 150
  });

  it("takes a threshold of 4,194,304 where the one given is not above 0", () => {
    addTokens(1048576);
    scoreTokenLoad(1, 0);
    expectTotals([0.75]);
    begin();
    addTokens(2097152);
    scoreTokenLoad(1, -5);
    expectTotals([0.5]);
  });

  it("takes the largest counts there can be, and no candidate", () => {
    addTokens(u32.MAX_VALUE, u32.MAX_VALUE);
    scoreTokenLoad(1, 17179869180);
    expectTotals([0.5]);
    begin();
    scoreTokenLoad(1, 1000);
    expectTotals([]);
  });
});
