import { parseDuration } from "../../assembly/config/duration.ts";
import { text } from "../../assembly/text/text.ts";

const NONE: i64 = -1;

function parse(literal: string): i64 {
  const bytes = text(literal);
  return parseDuration(bytes.at, bytes.length);
}

describe("a duration", () => {
  it("is a whole number and a unit, in microseconds", () => {
    expect(parse("1ms")).toBe(1000);
    expect(parse("500ms")).toBe(500000);
    expect(parse("2s")).toBe(2000000);
    expect(parse("5m")).toBe(300000000);
    expect(parse("0s")).toBe(0);
    expect(parse("007s")).toBe(7000000);
  });

  it("may last a day and no longer", () => {
    expect(parse("1440m")).toBe(86400000000);
    expect(parse("86400s")).toBe(86400000000);
    expect(parse("86400000ms")).toBe(86400000000);
    expect(parse("1441m")).toBe(NONE);
    expect(parse("86401s")).toBe(NONE);
    expect(parse("86400001ms")).toBe(NONE);
    expect(parse("99999999999999999999999999s")).toBe(NONE, "a sum that would wrap");
  });

  it("is nothing else", () => {
    const wrong = ["", "s", "ms", "5", "5x", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5h", "5sm", "5mss", "5us", "1m30s", "5S"];
    for (let i = 0; i < wrong.length; i++) expect(parse(wrong[i])).toBe(NONE, wrong[i]);
  });
});
