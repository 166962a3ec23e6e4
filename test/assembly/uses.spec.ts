import { counts, isUses, MAX_USES, noteUse, saidLately, useCount, usedPool } from "../../assembly/sync/uses.ts";

const SECOND: u64 = 1_000_000;
const table = heap.alloc(16 * (MAX_USES + 1));
let rows: u32 = 0;

function use(pool: u64, now: u64): void {
  rows = noteUse(table, rows, pool, now);
}

// Pools and times in seconds, in the table's order.
function content(): string {
  let found = "";
  for (let i: u32 = 0; i < rows; i++) {
    const seconds = load<u64>(table + i * 16 + 8) / SECOND;
    found += (i == 0 ? "" : " ") + usedPool(table, i).toString() + "@" + seconds.toString();
  }
  return found;
}

beforeEach(() => {
  rows = 0;
});

describe("the table of uses", () => {
  it("has a row per pool, with the time of its last use", () => {
    use(7, 100 * SECOND);
    use(0, 101 * SECOND);
    use(9, 102 * SECOND);
    expect(content()).toBe("7@100 0@101 9@102");
    use(0, 110 * SECOND);
    expect(content()).toBe("7@100 0@110 9@102", "rows stay where they are");
  });

  it("leaves out what nobody has repeated for a minute", () => {
    use(1, 100 * SECOND);
    use(2, 130 * SECOND);
    use(3, 131 * SECOND);
    use(3, 160 * SECOND);
    expect(content()).toBe("1@100 2@130 3@160", "a minute to the microsecond still counts");
    use(3, 160 * SECOND + 1);
    expect(content()).toBe("2@130 3@160");
    use(4, 300 * SECOND);
    expect(content()).toBe("4@300");
  });

  it("takes an old row of a pool for the new one", () => {
    use(1, 100 * SECOND);
    use(1, 900 * SECOND);
    expect(content()).toBe("1@900");
  });

  it("says which rows count at a time, also where that lies a little before them", () => {
    use(1, 100 * SECOND);
    expect(counts(table, 0, 100 * SECOND)).toBeTruthy();
    expect(counts(table, 0, 99 * SECOND)).toBeTruthy();
    expect(counts(table, 0, 160 * SECOND)).toBeTruthy();
    expect(counts(table, 0, 160 * SECOND + 1)).toBeFalsy();
  });

  it("says which pools need no repeating", () => {
    use(1, 100 * SECOND);
    use(2, 103 * SECOND);
    expect(saidLately(table, rows, 1, 105 * SECOND)).toBeTruthy();
    expect(saidLately(table, rows, 1, 105 * SECOND + 1)).toBeFalsy();
    expect(saidLately(table, rows, 2, 105 * SECOND + 1)).toBeTruthy();
    expect(saidLately(table, rows, 2, 102 * SECOND)).toBeTruthy("another thread's clock was read later");
    expect(saidLately(table, rows, 3, 103 * SECOND)).toBeFalsy();
    expect(saidLately(table, 0, 1, 100 * SECOND)).toBeFalsy();
  });

  it("ends with its room, and takes up others once there is some", () => {
    for (let pool: u64 = 0; pool < MAX_USES; pool++) use(pool, 100 * SECOND);
    expect(rows).toBe(MAX_USES);
    expect(MAX_USES).toBe(1025);
    use(5000, 101 * SECOND);
    expect(rows).toBe(MAX_USES);
    expect(saidLately(table, rows, 5000, 101 * SECOND)).toBeFalsy();
    use(MAX_USES - 1, 150 * SECOND);
    use(5000, 161 * SECOND);
    expect(content()).toBe("1024@150 5000@161");
  });

  it("is any number of whole rows, up to its room", () => {
    expect(isUses(0)).toBeTruthy();
    expect(isUses(16)).toBeTruthy();
    expect(isUses(24)).toBeFalsy();
    expect(isUses(16 * MAX_USES)).toBeTruthy();
    expect(isUses(16 * MAX_USES + 16)).toBeFalsy();
    expect(useCount(48)).toBe(3);
  });
});
