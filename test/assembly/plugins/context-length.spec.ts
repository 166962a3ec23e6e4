import { RANGE_BYTES, readRanges } from "../../../assembly/schedule/context-range.ts";
import { filterByContextLength } from "../../../assembly/schedule/filters/context-length.ts";
import { setPrompt } from "../../../assembly/schedule/inputs.ts";
import { scoreContextLength } from "../../../assembly/schedule/scorers/context-length.ts";
import { stepRow } from "../../../assembly/wire/plan.ts";
import { rosterEndpoints } from "../../../assembly/wire/roster.ts";
import { golden } from "../golden.ts";
import { add, begin, expectLeft, expectTotals } from "./rows.ts";

// Rows: 0-2048, 2048-8192, 0-10000, 4096-4096, no label, and labels that are no range: "", "100", "5-1", "1-2-3",
// "a-b", "-5", "7-".
const roster = golden("context-lengths");
const plan = golden("plan-context-length");
const rows = rosterEndpoints(roster.at);
const ranges = heap.alloc(usize(rows) * RANGE_BYTES);
readRanges(plan.at, stepRow(plan.at, 0), roster.at, ranges);

function ready(tokens: f64, count: u32): void {
  begin();
  setPrompt(tokens, 0, 0);
  for (let i: u32 = 0; i < count; i++) add();
}

describe("the context-length-aware scorer", () => {
  it("prefers tight ranges with room above the prompt, inside them", () => {
    ready(2048, 3);
    scoreContextLength(1, ranges);
    // 0.7 / 1.2048 + 0.3 x 0; 0.7 / 1.6144 + 0.3 x 1; 0.7 / 2 + 0.3 x 7952 / 10000; of each 0.7, and 0.3 more.
    expectTotals([0.70670650730411687, 0.81351833498513132, 0.711992]);
  });

  it("gives 1 to a range of one length that is met", () => {
    ready(4096, 4);
    scoreContextLength(2, ranges);
    // Row 0 is 2,048 tokens short: 0.3 / 3.048.
    expectTotals([
      2 * 0.098425196850393692, 2 * (0.3 + 0.7 * (0.7 / 1.6144 + 0.3 * 4096.0 / 6144.0)),
      2 * (0.3 + 0.7 * (0.35 + 0.3 * 0.5904)), 2,
    ]);
  });

  it("goes by the distance outside, always below any inside", () => {
    ready(12000, 4);
    scoreContextLength(1, ranges);
    // 9,952, 3,808, 2,000 and 7,904 tokens too many.
    expectTotals([0.3 / 10.952, 0.3 / 4.808, 0.1, 0.3 / 8.904]);
    ready(1048, 2);
    scoreContextLength(1, ranges);
    // Row 1 begins 1,000 tokens later.
    expectTotals([0.3 + 0.7 * (0.7 / 1.2048 + 0.3 * 1000.0 / 2048.0), 0.15]);
  });

  it("gives 0.5 without the label, and 0 with one that is no range", () => {
    ready(100, rows);
    scoreContextLength(1, ranges);
    const short = 0.3 + 0.7 * (0.7 / 1.2048 + (0.3 * 1948.0) / 2048.0);
    const wide = 0.3 + 0.7 * (0.35 + 0.3 * 0.99);
    expectTotals([short, 0.3 / 2.948, wide, 0.3 / 4.996, 0.5, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("takes a prompt of unknown length as empty, and no candidate", () => {
    ready(0, 1);
    scoreContextLength(1, ranges);
    expectTotals([0.3 + 0.7 * (0.7 / 1.2048 + 0.3)]);
    ready(0, 0);
    scoreContextLength(1, ranges);
    expectTotals([]);
  });
});

describe("the context-length-aware filter", () => {
  it("keeps ranges that have the prompt's length, ends included, and endpoints without one", () => {
    ready(2048, 5);
    filterByContextLength(ranges);
    expectLeft("0 1 2 4");
    ready(2049, 5);
    filterByContextLength(ranges);
    expectLeft("1 2 4");
    ready(4096, 4);
    filterByContextLength(ranges);
    expectLeft("1 2 3");
  });

  it("drops those whose label is no range", () => {
    ready(9999999, rows);
    filterByContextLength(ranges);
    expectLeft("4");
  });

  it("may leave none", () => {
    ready(20000, 4);
    filterByContextLength(ranges);
    expectLeft("");
    filterByContextLength(ranges);
    expectLeft("");
  });
});
