import { scoreLoadAware } from "../../../assembly/schedule/scorers/load-aware.ts";
import { add, begin, expectTotals } from "./rows.ts";

function scores(waiting: f64[], threshold: f64 = 128, weight: f64 = 1): void {
  begin();
  for (let i = 0; i < waiting.length; i++) add(waiting[i], 99, 0.9);
  scoreLoadAware(weight, threshold);
}

describe("the load-aware-scorer", () => {
  it("gives 0.5 without a queue, 0 from the threshold on, and the share between", () => {
    scores([0, 32, 64, 127, 128, 4000]);
    expectTotals([0.5, 0.375, 0.25, 0.00390625, 0, 0]);
    scores([3, 5], 4, 2);
    expectTotals([0.25, 0]);
  });

  it("does not depend on the other candidates", () => {
    scores([32, 32]);
    expectTotals([0.375, 0.375]);
    scores([32]);
    expectTotals([0.375]);
    scores([]);
    expectTotals([]);
  });

  it("takes a threshold of 128 where the one given is not above 0", () => {
    scores([0, 64], 0);
    expectTotals([0.5, 0.25]);
    scores([64], -1);
    expectTotals([0.25]);
  });
});
