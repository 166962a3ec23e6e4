import { setPrompt } from "../../../assembly/schedule/inputs.ts";
import { scorePrefixCache } from "../../../assembly/schedule/scorers/prefix-cache.ts";
import { addMatched, begin, expectTotals } from "./rows.ts";

function scores(blocks: u32, matched: u32[], lengthWeight: f64 = 0, scale: f64 = 8192, weight: f64 = 1): void {
  begin();
  setPrompt(f64(blocks) * 64, blocks, 64);
  addMatched(matched);
  scorePrefixCache(weight, lengthWeight, scale);
}

describe("the prefix-cache-scorer", () => {
  it("gives the share of the prompt's blocks that is held", () => {
    scores(8, [0, 2, 8]);
    expectTotals([0, 0.25, 1]);
    scores(3, [1, 1]);
    expectTotals([1.0 / 3, 1.0 / 3]);
    scores(4, [3]);
    expectTotals([0.75]);
  });

  it("multiplies by its weight", () => {
    scores(8, [2, 4], 0, 8192, 3);
    expectTotals([0.75, 1.5]);
  });

  it("adds the square of the length that is held, by matchLengthWeight", () => {
    // 64 of 128 blocks of 64 tokens are 4,096 of 8,192 tokens: (1/2)^2 = 0.25, and the share is 0.5.
    scores(128, [64], 1);
    expectTotals([0.25]);
    // 0.5 x 0.25 + 0.5 x 0.5
    scores(128, [64], 0.5);
    expectTotals([0.375]);
    // 4 of 4 blocks: 256 of 1,024 tokens. 0.25 x (1/4)^2 + 0.75 x 1
    scores(4, [4, 0], 0.25, 1024);
    expectTotals([0.765625, 0]);
  });

  it("takes no length for more than the scale", () => {
    // 512 blocks are 32,768 tokens, four times the scale: 0.5 x 1 + 0.5 x 0.5
    scores(1024, [512], 0.5);
    expectTotals([0.75]);
  });

  it("leaves length out where its scale makes no sense", () => {
    scores(8, [0, 4], 0.5, 0);
    expectTotals([0, 0.5]);
  });

  it("gives 0 where the prompt has no blocks, and never more than 1", () => {
    scores(0, [0, 3]);
    expectTotals([0, 0]);
    scores(2, [3]);
    expectTotals([1]);
  });

  it("does nothing where there is no candidate", () => {
    scores(8, []);
    expectTotals([]);
  });
});
