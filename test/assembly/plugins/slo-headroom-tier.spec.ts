import { candidates } from "../../../assembly/schedule/candidates.ts";
import { filterBySloHeadroomTier } from "../../../assembly/schedule/filters/slo-headroom-tier.ts";
import { setSlo } from "../../../assembly/schedule/inputs.ts";
import { seedRandom } from "../../../assembly/schedule/random.ts";
import { add, addPredicted, begin, expectLeft } from "./rows.ts";

function ready(): void {
  begin();
  setSlo(100, 10);
}

// Two that keep both objectives, one of them just so, three that miss one or both, and one of which nothing is known.
function mixed(): void {
  ready();
  addPredicted(101, 5);
  addPredicted(100, 10);
  addPredicted(50, 11);
  addPredicted(10, 1);
  addPredicted(200, 20);
  addPredicted(NaN, NaN);
}

describe("the slo-headroom-tier-filter", () => {
  it("keeps those that keep both objectives", () => {
    mixed();
    filterBySloHeadroomTier(0);
    expectLeft("1 3");
  });

  it("keeps the others instead, with the probability of exploration", () => {
    mixed();
    filterBySloHeadroomTier(1);
    expectLeft("0 2 4 5");
    seedRandom(12);
    let lower = 0;
    for (let i = 0; i < 20000; i++) {
      mixed();
      filterBySloHeadroomTier(0.1);
      if (candidates() == 4) lower++;
    }
    expect(abs(lower - 2000)).toBeLessThan(200);
  });

  it("keeps all where there is one tier, or nothing is predicted", () => {
    ready();
    addPredicted(10, 1);
    addPredicted(20, 2);
    filterBySloHeadroomTier(1);
    expectLeft("0 1");
    ready();
    addPredicted(1000, 1);
    addPredicted(NaN, NaN);
    filterBySloHeadroomTier(0);
    expectLeft("0 1");
    ready();
    add();
    add();
    filterBySloHeadroomTier(0.5);
    expectLeft("0 1");
  });

  it("takes a time that is not predicted as kept", () => {
    ready();
    addPredicted(90, NaN);
    addPredicted(110, NaN);
    addPredicted(NaN, 10);
    addPredicted(NaN, 10.5);
    filterBySloHeadroomTier(0);
    expectLeft("0 2");
  });

  it("keeps all where the request has no objectives, since all miss them", () => {
    begin();
    addPredicted(90, 1);
    addPredicted(110, 9);
    filterBySloHeadroomTier(0);
    expectLeft("0 1");
  });

  it("leaves one or none as it is", () => {
    ready();
    addPredicted(1000, 100);
    filterBySloHeadroomTier(0);
    expectLeft("0");
    ready();
    filterBySloHeadroomTier(0);
    expectLeft("");
  });
});
