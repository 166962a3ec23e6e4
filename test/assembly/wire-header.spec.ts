import { isFlight, flightEntries, flightEntry } from "../../assembly/wire/flight.ts";
import { checkHeader, frameEpoch, frameKind, framePool, writeHeader } from "../../assembly/wire/header.ts";
import { inside } from "../../assembly/wire/reference.ts";
import {
  ACCEPTED, FLIGHT_BYTES, FLIGHT_ENTRIES, FLIGHT_ENTRY_BYTES, FLIGHT_KEY, FLIGHT_REQUESTS, FLIGHT_TOKENS, HEADER_BYTES,
  HEADER_LENGTH, HEADER_MAGIC, HEADER_VERSION, KIND_ACK, KIND_BEAT, KIND_FLIGHT, KIND_GONE, KIND_HELLO, KIND_LOAD,
  KIND_PLAN, KIND_ROSTER, KIND_SYNC, MAX_FRAME_BYTES, REFUSED_LENGTH, REFUSED_MAGIC, REFUSED_TRUNCATED,
  REFUSED_VERSION, WIRE_VERSION,
} from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";

const NAMES = [
  "roster-empty", "roster-three", "load-three", "plan-default", "plan-two-profiles", "sync", "gone", "beat", "hello",
  "ack",
];
const KINDS = [
  KIND_ROSTER, KIND_ROSTER, KIND_LOAD, KIND_PLAN, KIND_PLAN, KIND_SYNC, KIND_GONE, KIND_BEAT, KIND_HELLO, KIND_ACK,
];

describe("the header", () => {
  it("of every golden frame is accepted, and tells its kind", () => {
    for (let i = 0; i < NAMES.length; i++) {
      const frame = golden(NAMES[i]);
      expect(checkHeader(frame.at, frame.length)).toBe(ACCEPTED, NAMES[i]);
      expect(frameKind(frame.at)).toBe(KINDS[i], NAMES[i]);
    }
  });

  it("tells pool and epoch", () => {
    const roster = golden("roster-three");
    expect(framePool(roster.at)).toBe(0xda6fb8e9be3ee3b7); // xxh64 of "default/base"
    expect(frameEpoch(roster.at)).toBe(7);
    expect(framePool(golden("gone").at)).toBe(0xda6fb8e9be3ee3b7);
    expect(framePool(golden("sync").at)).toBe(0);
  });

  it("is refused as truncated at every other length", () => {
    for (let i = 0; i < NAMES.length; i++) {
      const frame = golden(NAMES[i]);
      for (let length: u32 = 0; length < frame.length; length++) {
        expect(checkHeader(frame.at, length)).toBe(REFUSED_TRUNCATED, NAMES[i] + " cut to " + length.toString());
      }
      expect(checkHeader(frame.at, frame.length + 1)).toBe(REFUSED_TRUNCATED, NAMES[i]);
    }
  });

  it("is refused for another magic, version or length", () => {
    const frame = golden("beat");
    for (let byte: u32 = 0; byte < 4; byte++) {
      const other = frame.with8(HEADER_MAGIC + byte, load<u8>(frame.at + byte) ^ 1);
      expect(checkHeader(other.at, other.length)).toBe(REFUSED_MAGIC);
    }
    const versions: u16[] = [0, u16(WIRE_VERSION) + 1, 0x0100 | u16(WIRE_VERSION), 0xffff];
    for (let i = 0; i < versions.length; i++) {
      const other = frame.with16(HEADER_VERSION, versions[i]);
      expect(checkHeader(other.at, other.length)).toBe(REFUSED_VERSION);
    }
    const lengths: u32[] = [0, 31, 33, u32.MAX_VALUE];
    for (let i = 0; i < lengths.length; i++) {
      const other = frame.with32(HEADER_LENGTH, lengths[i]);
      expect(checkHeader(other.at, other.length)).toBe(REFUSED_TRUNCATED);
    }
  });

  it("allows 4 MiB and no more", () => {
    const at = heap.alloc(MAX_FRAME_BYTES + 1);
    writeHeader(at, KIND_BEAT, MAX_FRAME_BYTES);
    expect(checkHeader(at, MAX_FRAME_BYTES)).toBe(ACCEPTED);
    writeHeader(at, KIND_BEAT, MAX_FRAME_BYTES + 1);
    expect(checkHeader(at, MAX_FRAME_BYTES + 1)).toBe(REFUSED_LENGTH);
  });

  it("that the filter writes is the one the sidecar writes", () => {
    const beat = golden("beat");
    const own = heap.alloc(HEADER_BYTES);
    memory.fill(own, 0xff, HEADER_BYTES);
    writeHeader(own, KIND_BEAT, HEADER_BYTES);
    expect(memory.compare(own, beat.at, HEADER_BYTES)).toBe(0);
  });
});

describe("a reference", () => {
  it("lies inside its table, or does not", () => {
    expect(inside(0, 0, 0)).toBeTruthy();
    expect(inside(2, 3, 5)).toBeTruthy();
    expect(inside(5, 0, 5)).toBeTruthy();
    expect(inside(3, 3, 5)).toBeFalsy();
    expect(inside(6, 0, 5)).toBeFalsy();
    expect(inside(u32.MAX_VALUE, 2, 5)).toBeFalsy("a sum that would wrap to 1");
    expect(inside(2, u32.MAX_VALUE, 5)).toBeFalsy("a sum that would wrap to 1");
  });
});

// A vector of two entries, as exchangeFlights writes it.
function flight(): Frame {
  const length = u32(FLIGHT_BYTES + 2 * FLIGHT_ENTRY_BYTES);
  const at = heap.alloc(length);
  memory.fill(at, 0, length);
  writeHeader(at, KIND_FLIGHT, length);
  store<u32>(at, 2, FLIGHT_ENTRIES);
  store<u64>(flightEntry(at, 1), 77, FLIGHT_KEY);
  store<u32>(flightEntry(at, 1), 5, FLIGHT_REQUESTS);
  store<u32>(flightEntry(at, 1), 9, FLIGHT_TOKENS);
  return new Frame(at, length);
}

describe("a flight vector", () => {
  it("is accepted whole and refused at every other length", () => {
    const frame = flight();
    expect(isFlight(frame.at, frame.length)).toBeTruthy();
    expect(flightEntries(frame.at)).toBe(2);
    for (let length: u32 = 0; length < frame.length; length++) {
      expect(isFlight(frame.at, length)).toBeFalsy(length.toString());
      if (length < u32(HEADER_BYTES)) continue;
      const cut = frame.with32(HEADER_LENGTH, length);
      expect(isFlight(cut.at, length)).toBeFalsy(length.toString() + " with a length field that agrees");
    }
  });

  it("is refused for another count, kind or header", () => {
    const counts: u32[] = [0, 1, 3, 0x10000002, u32.MAX_VALUE]; // 0x10000002 x 16 wraps to 32
    for (let i = 0; i < counts.length; i++) {
      const other = flight().with32(FLIGHT_ENTRIES, counts[i]);
      expect(isFlight(other.at, other.length)).toBeFalsy(counts[i].toString());
    }
    const load3 = golden("load-three");
    expect(isFlight(load3.at, load3.length)).toBeFalsy();
    const other = flight().with16(HEADER_VERSION, u16(WIRE_VERSION) + 1);
    expect(isFlight(other.at, other.length)).toBeFalsy();
  });
});
