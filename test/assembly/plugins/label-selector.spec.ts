import {
  filterByLabels, selectionBytes, selectRows,
} from "../../../assembly/schedule/filters/label-selector.ts";
import { stepRow } from "../../../assembly/wire/plan.ts";
import { rosterEndpoints } from "../../../assembly/wire/roster.ts";
import { golden } from "../golden.ts";
import { add, begin, expectLeft } from "./rows.ts";

// Rows: role decode; role prefill, größe L; role prefill-decode, größe ""; no label; rôle decode; role Decode,
// tier a; role "decode "; tier decode.
const roster = golden("labels");
const plan = golden("plan-selectors");
const selected = heap.alloc(selectionBytes(roster.at));

function left(step: u32): void {
  begin();
  selectRows(plan.at, stepRow(plan.at, step), roster.at, selected);
  for (let i: u32 = 0; i < rosterEndpoints(roster.at); i++) add();
  filterByLabels(selected);
}

describe("the label-selector-filter", () => {
  it("keeps endpoints whose label has one of the values, compared as bytes", () => {
    left(0); // role in (decode, prefill-decode)
    expectLeft("0 2");
  });

  it("keeps those whose label is absent or has another value", () => {
    left(1); // role not in (decode, prefill)
    expectLeft("2 3 4 5 6 7");
  });

  it("keeps those that have the label, an empty one too", () => {
    left(2); // größe exists
    expectLeft("1 2");
  });

  it("keeps those that have not", () => {
    left(3); // role does not exist
    expectLeft("3 4 7");
  });

  it("keeps those that have one of the values or not the label, as a decode role does", () => {
    left(4); // role in (decode, prefill-decode) or absent
    expectLeft("0 2 3 4 7");
  });

  it("wants all terms", () => {
    left(5); // role exists, größe in ("")
    expectLeft("2");
  });

  it("keeps none where none fits, all where it has no terms, and none of none", () => {
    left(6); // role in ()
    expectLeft("");
    left(7); // no terms
    expectLeft("0 1 2 3 4 5 6 7");
    begin();
    filterByLabels(selected);
    expectLeft("");
  });

  it("selects by roster row, not by place among the candidates", () => {
    begin();
    selectRows(plan.at, stepRow(plan.at, 4), roster.at, selected);
    for (let i: u32 = 0; i < 8; i++) add();
    filterByLabels(selected);
    selectRows(plan.at, stepRow(plan.at, 3), roster.at, selected);
    filterByLabels(selected);
    expectLeft("3 4 7");
  });
});

describe("a selection", () => {
  it("has a bit for each of many rows", () => {
    const many = golden("labels-many"); // 100 rows, every third of role decode
    const bits = heap.alloc(selectionBytes(many.at));
    expect(selectionBytes(many.at)).toBe(13);
    begin();
    for (let i: u32 = 0; i < 100; i++) add();
    selectRows(plan.at, stepRow(plan.at, 0), many.at, bits);
    filterByLabels(bits);
    let rows = "0";
    for (let i = 3; i < 100; i += 3) rows += " " + i.toString();
    expectLeft(rows);
  });
});
