import {
  beginTelling, confirm, debt, endTelling, findRow, REQUESTS, ROW, rowFor, ROWS, take, TOKENS, untold, waitFor,
} from "../../assembly/limits/budget.ts";
import { addSpan } from "../../assembly/request/limit-headers.ts";
import { Line } from "../../assembly/text/line.ts";

// 60 requests a minute: one costs a second, and a full budget has 60.
const COST: f64 = 1_000_000;
const BURST: f64 = 60_000_000;
const START: f64 = 3_600_000_000;

function freshTable(): usize {
  const table = heap.alloc(ROWS * ROW);
  memory.fill(table, 0, ROWS * ROW);
  return table;
}

function freshRow(): usize {
  return rowFor(freshTable(), 1);
}

function span(microseconds: f64): string {
  const line = new Line();
  addSpan(line, microseconds);
  return String.UTF8.decodeUnsafe(line.at, line.length);
}

describe("a budget", () => {
  it("has what its burst says, and fills up evenly", () => {
    const row = freshRow();
    for (let i = 0; i < 60; i++) {
      expect(waitFor(row, REQUESTS, COST, BURST, START)).toBe(0);
      take(row, REQUESTS, COST, START);
    }
    expect(waitFor(row, REQUESTS, COST, BURST, START)).toBe(COST);
    expect(waitFor(row, REQUESTS, COST, BURST, START + 400_000)).toBe(600_000);
    expect(waitFor(row, REQUESTS, COST, BURST, START + 1_000_000)).toBe(0);
    expect(debt(row, REQUESTS, START + 59_000_000)).toBe(1_000_000);
    expect(debt(row, REQUESTS, START + 61_000_000)).toBe(0);
    expect(debt(row, TOKENS, START)).toBe(0);
  });

  it("does not fill beyond its burst, however long nobody asks", () => {
    const row = freshRow();
    take(row, REQUESTS, COST, START);
    take(row, REQUESTS, 60 * COST, START + 1e12);
    expect(waitFor(row, REQUESTS, COST, BURST, START + 1e12)).toBe(COST);
  });

  it("gives a full one to whoever asks for more than it ever has, who then is in debt", () => {
    const row = freshRow();
    expect(waitFor(row, TOKENS, 100_000_000, BURST, START)).toBe(0);
    take(row, TOKENS, 100_000_000, START);
    expect(waitFor(row, TOKENS, 100_000_000, BURST, START)).toBe(100_000_000);
    expect(waitFor(row, TOKENS, COST, BURST, START)).toBe(41_000_000);
  });

  it("takes back what was not used, as far as it has room", () => {
    const row = freshRow();
    take(row, TOKENS, 10 * COST, START);
    take(row, TOKENS, -4 * COST, START + 1_000_000);
    expect(debt(row, TOKENS, START + 1_000_000)).toBe(5 * COST);
    take(row, TOKENS, -9 * COST, START + 1_000_000);
    expect(debt(row, TOKENS, START + 1_000_000)).toBe(0);
    expect(untold(row, TOKENS)).toBe(10 * COST - 4 * COST - 5 * COST);
  });

  it("takes the sidecar's word, but for what that has not been told", () => {
    const row = freshRow();
    take(row, REQUESTS, 5 * COST, START);
    expect(beginTelling(row, START)).toBe(true);
    expect(beginTelling(row, START + 1000)).toBe(false, "another worker is about it");
    expect(untold(row, REQUESTS)).toBe(5 * COST);
    take(row, REQUESTS, 2 * COST, START);
    confirm(row, REQUESTS, 5 * COST, 30 * COST, START + 10_000);
    endTelling(row);
    expect(untold(row, REQUESTS)).toBe(2 * COST);
    expect(debt(row, REQUESTS, START + 10_000)).toBe(32 * COST);
    expect(beginTelling(row, START + 10_000)).toBe(true);
    take(row, REQUESTS, -1 * COST, START + 10_000);
    confirm(row, REQUESTS, 2 * COST, 0, START + 10_000);
    expect(debt(row, REQUESTS, START + 10_000)).toBe(0, "given back, and there was nothing");
    expect(untold(row, REQUESTS)).toBe(-1 * COST);
  });

  it("tells no more than it still owes, after a time in which nobody could be told", () => {
    const row = freshRow();
    for (let i = 0; i < 600; i++) take(row, REQUESTS, COST, START + f64(i) * COST);
    expect(beginTelling(row, START + 599 * COST + 300_000)).toBe(true);
    expect(untold(row, REQUESTS)).toBe(700_000);
  });

  it("is told again by another where nobody hears of the first any more", () => {
    const row = freshRow();
    expect(beginTelling(row, START)).toBe(true);
    expect(beginTelling(row, START + 6_999_999)).toBe(false);
    expect(beginTelling(row, START + 7_000_001)).toBe(true);
  });

  it("gives way in a full table when it is full first", () => {
    const table = freshTable();
    for (let key: u64 = 1; key <= u64(ROWS); key++) take(rowFor(table, key), REQUESTS, COST * (20 - f64(key)), START);
    take(findRow(table, 16), TOKENS, BURST, START);
    const row = rowFor(table, 99);
    expect(findRow(table, 15)).toBe(0, "5 s of debt, the least");
    expect(debt(row, REQUESTS, START)).toBe(0);
    expect(findRow(table, 99)).toBe(row);
    for (let key: u64 = 1; key <= 14; key++) expect(findRow(table, key)).not.toBe(0);
  });
});

describe("a time in a header", () => {
  it("is rounded up, and written as OpenAI does", () => {
    expect(span(0)).toBe("0ms");
    expect(span(1)).toBe("1ms");
    expect(span(349_001)).toBe("350ms");
    expect(span(999_001)).toBe("1s");
    expect(span(1_000_001)).toBe("2s");
    expect(span(59_000_000)).toBe("59s");
    expect(span(360_000_000)).toBe("6m0s");
    expect(span(3_605_000_000)).toBe("1h0m5s");
  });
});
