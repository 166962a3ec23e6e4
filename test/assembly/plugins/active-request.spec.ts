import { scoreActiveRequest } from "../../../assembly/schedule/scorers/active-request.ts";
import { add, begin, expectTotals, slotOf } from "./rows.ts";

function scores(requests: u32[], idleThreshold: f64 = 0, maxBusyScore: f64 = 1, weight: f64 = 1): void {
  begin();
  for (let i = 0; i < requests.length; i++) slotOf(add()).ownRequests = requests[i];
  scoreActiveRequest(weight, idleThreshold, maxBusyScore);
}

describe("the active-request-scorer", () => {
  it("gives 1 to the idle and the distance to the busiest to the others", () => {
    scores([0, 1, 3, 4]);
    expectTotals([1, 0.75, 0.25, 0]);
    scores([8, 2], 0, 1, 2);
    expectTotals([0, 1.5]);
  });

  it("gives 1 where all are idle, 0 where all are equally busy, and to a busy one that is alone", () => {
    scores([0, 0]);
    expectTotals([1, 1]);
    scores([5, 5]);
    expectTotals([0, 0]);
    scores([7]);
    expectTotals([0]);
  });

  it("counts up to idleThreshold as idle, and caps the busy ones by maxBusyScore", () => {
    scores([0, 2, 3, 6], 2, 0.5);
    expectTotals([1, 1, 0.25, 0]);
    scores([0, 4, 8], 0, 0);
    expectTotals([1, 0, 0]);
  });

  it("takes a threshold below 0 as 0", () => {
    scores([0, 0], -1);
    expectTotals([1, 1]);
  });

  it("counts the requests of other workers too, and takes no candidate", () => {
    scores([4, 1]);
    begin();
    add();
    slotOf(add()).ownRequests = 4;
    slotOf(0).otherRequests = 3;
    scoreActiveRequest(1, 0, 1);
    slotOf(0).otherRequests = 0;
    expectTotals([0.25, 0]);
    scores([]);
    expectTotals([]);
  });
});
