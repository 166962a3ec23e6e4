import {
  addToTotals, beginTotals, endTotals, totalRequests, totalsFrame, totalsLength, totalsVersion,
} from "../../assembly/sync/totals.ts";
import { flightEntries, flightEntry, isFlight } from "../../assembly/wire/flight.ts";
import { writeHeader } from "../../assembly/wire/header.ts";
import {
  FLIGHT_BYTES, FLIGHT_ENTRIES, FLIGHT_ENTRY_BYTES, FLIGHT_KEY, FLIGHT_OWNER, FLIGHT_PREFILL, FLIGHT_REQUESTS,
  FLIGHT_TOKENS, KIND_FLIGHT,
} from "../../wire/layout.ts";

/** A vector of endpoints `first` to `first + count - 1` with so many requests each, tokens tenfold, prefill threefold. */
function vector(first: u64, count: u32, requests: u32): usize {
  const length = u32(FLIGHT_BYTES) + count * u32(FLIGHT_ENTRY_BYTES);
  const at = heap.alloc(length);
  memory.fill(at, 0, length);
  writeHeader(at, KIND_FLIGHT, length);
  store<u32>(at, count, FLIGHT_ENTRIES);
  for (let i: u32 = 0; i < count; i++) {
    const entry = flightEntry(at, i);
    store<u64>(entry, first + i, FLIGHT_KEY);
    store<u32>(entry, requests, FLIGHT_REQUESTS);
    store<u32>(entry, requests * 10, FLIGHT_TOKENS);
    store<u32>(entry, requests * 3, FLIGHT_PREFILL);
  }
  return at;
}

function total(one: usize, two: usize = 0): void {
  beginTotals();
  addToTotals(one);
  if (two != 0) addToTotals(two);
  endTotals();
}

/** Requests of an endpoint in the sum; checks the other figures. */
function requestsOf(key: u64): u32 {
  const frame = totalsFrame(5);
  for (let i: u32 = 0; i < flightEntries(frame); i++) {
    const entry = flightEntry(frame, i);
    if (load<u64>(entry, FLIGHT_KEY) != key) continue;
    const requests = load<u32>(entry, FLIGHT_REQUESTS);
    expect(load<u32>(entry, FLIGHT_TOKENS)).toBe(requests * 10);
    expect(load<u32>(entry, FLIGHT_PREFILL)).toBe(requests * 3);
    return requests;
  }
  return 0;
}

describe("totals", () => {
  it("add vectors up by endpoint", () => {
    total(vector(1, 3, 2), vector(3, 2, 5)); // 1, 2, 3 and 3, 4
    expect(isFlight(totalsFrame(5), totalsLength())).toBeTruthy();
    expect(load<u64>(totalsFrame(5), FLIGHT_OWNER)).toBe(5);
    expect(flightEntries(totalsFrame(5))).toBe(4);
    expect(requestsOf(1)).toBe(2);
    expect(requestsOf(2)).toBe(2);
    expect(requestsOf(3)).toBe(7);
    expect(requestsOf(4)).toBe(5);
    expect(totalRequests).toBe(16);
  });

  it("move their version when they come out different, and only then", () => {
    total(vector(1, 3, 2));
    const version = totalsVersion;
    total(vector(1, 3, 2));
    expect(totalsVersion).toBe(version);
    total(vector(1, 1, 2), vector(2, 2, 2));
    expect(totalsVersion).toBe(version, "whoever has them");
    total(vector(1, 3, 3));
    expect(totalsVersion).toBe(version + 1);
    total(vector(1, 2, 3));
    expect(totalsVersion).toBe(version + 2);
    total(vector(9, 0, 0));
    expect(totalsVersion).toBe(version + 3);
    expect(totalsLength()).toBe(FLIGHT_BYTES);
    expect(totalRequests).toBe(0);
  });

  it("hold thousands of endpoints, and hold them again when there were fewer in between", () => {
    total(vector(1000, 5000, 1), vector(3000, 5000, 2));
    expect(flightEntries(totalsFrame(1))).toBe(7000);
    expect(requestsOf(1000)).toBe(1);
    expect(requestsOf(5999)).toBe(3);
    expect(requestsOf(7999)).toBe(2);
    expect(totalRequests).toBe(15000);
    total(vector(1, 1, 1));
    expect(flightEntries(totalsFrame(1))).toBe(1);
    total(vector(1000, 5000, 1), vector(3000, 5000, 2));
    expect(flightEntries(totalsFrame(1))).toBe(7000);
    expect(requestsOf(4500)).toBe(3);
  });

  it("stop at the end of a field", () => {
    const one = vector(1, 1, 1);
    const two = vector(1, 1, 1);
    store<u32>(flightEntry(one, 0), u32.MAX_VALUE - 3, FLIGHT_TOKENS);
    total(one, two);
    expect(load<u32>(flightEntry(totalsFrame(1), 0), FLIGHT_TOKENS)).toBe(u32.MAX_VALUE);
    expect(load<u32>(flightEntry(totalsFrame(1), 0), FLIGHT_REQUESTS)).toBe(2);
  });
});
