import assert from "node:assert/strict";
import { test } from "node:test";
import { readNumber } from "../../../sidecar/scrape/number.ts";
import { pick, seeded } from "./fixtures.ts";

function read(text: string): number | undefined {
  // Surrounded by digits, so that a bound not kept shows.
  return readNumber(Buffer.from(`9${text}9`), 1, 1 + text.length);
}

test("reads what exporters write", () => {
  const cases: [string, number][] = [
    ["0", 0],
    ["-0", -0],
    ["3", 3],
    ["3.0", 3],
    ["+1.5", 1.5],
    ["-2.25", -2.25],
    [".5", 0.5],
    ["5.", 5],
    ["0.1", 0.1],
    ["0.137", 0.137],
    ["1.795224602e+09", 1795224602],
    ["1.7E9", 1.7e9],
    ["1e-05", 1e-5],
    ["2.2250738585072014e-308", 2.2250738585072014e-308],
    ["1e400", Number.POSITIVE_INFINITY],
    ["1e-400", 0],
    ["9007199254740993", 9007199254740992],
    ["100000000000000000000000000000", 1e29],
    ["0.000000000000000000000000001", 1e-27],
    ["NaN", Number.NaN],
    ["nan", Number.NaN],
    ["+Inf", Number.POSITIVE_INFINITY],
    ["-Inf", Number.NEGATIVE_INFINITY],
    ["inf", Number.POSITIVE_INFINITY],
    ["Infinity", Number.POSITIVE_INFINITY],
  ];
  for (const [text, value] of cases) assert.equal(read(text), value, text);
});

test("refuses what is no number", () => {
  for (const text of [
    "",
    "+",
    "-",
    ".",
    "e5",
    "1e",
    "1e+",
    "1.2.3",
    "0x10",
    "1_000",
    "12a",
    "--1",
    "In",
    "1e5x",
    "1,5",
  ]) {
    assert.equal(read(text), undefined, JSON.stringify(text));
  }
});

test("agrees with Number to the last bit", () => {
  const random = seeded(7);
  for (let round = 0; round < 20_000; round++) {
    const digits = String(Math.floor(random() * 10 ** (1 + Math.floor(random() * 17))));
    const fraction = pick(random, ["", `.${Math.floor(random() * 1e9)}`, ".0", "."]);
    const exponent = pick(random, ["", "", `e${Math.floor(random() * 60) - 30}`, `E+${Math.floor(random() * 400)}`]);
    const text = pick(random, ["", "-", "+"]) + digits + fraction + exponent;
    assert.equal(read(text), Number(text), text);
  }
});
