import { xxh64 } from "../../assembly/hash/xxh64.ts";
import { checkHeader } from "../../assembly/wire/header.ts";
import {
  checkRoster, endpointAddressAt, endpointAddressLength, endpointKey, endpointRow, rosterEndpoints,
} from "../../assembly/wire/roster.ts";
import {
  ACCEPTED, ENDPOINT_ADDRESS_LENGTH, ENDPOINT_ADDRESS_OFFSET, ENDPOINT_BYTES, ENDPOINT_ENGINE, ENDPOINT_LABEL_COUNT,
  ENDPOINT_LABEL_START, ENDPOINT_NAME_LENGTH, ENDPOINT_NAME_OFFSET, ENDPOINT_RANK, ENDPOINT_ROLE, ENDPOINT_ZONE_LENGTH,
  ENDPOINT_ZONE_OFFSET, HEADER_LENGTH, HEADER_POOL, LABEL_BYTES, LABEL_KEY_LENGTH, LABEL_KEY_OFFSET,
  LABEL_VALUE_LENGTH, LABEL_VALUE_OFFSET, MAX_ENDPOINTS, REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE,
  ROLE_PREFILL_DECODE, ROSTER_BYTES, ROSTER_ENDPOINTS, ROSTER_LABELS, ROSTER_NAME_LENGTH, ROSTER_NAME_OFFSET,
  ROSTER_STRINGS,
} from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";

const roster = golden("roster-three");
const STRINGS = load<u32>(roster.at, ROSTER_STRINGS);
const STRINGS_AT = ROSTER_BYTES + 3 * ENDPOINT_BYTES + 4 * LABEL_BYTES;

function check(frame: Frame): i32 {
  return checkRoster(frame.at, frame.length);
}

function rowField(row: u32, field: u32): u32 {
  return ROSTER_BYTES + row * ENDPOINT_BYTES + field;
}

function labelField(label: u32, field: u32): u32 {
  return ROSTER_BYTES + 3 * ENDPOINT_BYTES + label * LABEL_BYTES + field;
}

function textOf(offsetField: u32, lengthField: u32): string {
  const at = roster.at + STRINGS_AT + load<u32>(roster.at + offsetField);
  return String.UTF8.decodeUnsafe(at, load<u32>(roster.at + lengthField));
}

function addressOf(index: u32): string {
  return String.UTF8.decodeUnsafe(endpointAddressAt(roster.at, index), endpointAddressLength(roster.at, index));
}

// A text that ends one byte past the strings, or begins there, or whose end wraps round, is refused for its reference.
function expectReferenceChecked(offsetField: u32, lengthField: u32): void {
  const length = load<u32>(roster.at + lengthField);
  const offsets: u32[] = [STRINGS - length + 1, STRINGS + 1, 0x80000000, u32.MAX_VALUE - length + 1, u32.MAX_VALUE];
  for (let i = 0; i < offsets.length; i++) {
    if (length == 0 && offsets[i] == 0) continue; // an empty text may stand at the very start
    expect(check(roster.with32(offsetField, offsets[i]))).toBe(REFUSED_REFERENCE, "offset " + offsets[i].toString());
  }
  const lengths: u32[] = [STRINGS + 1, 0x80000000, u32.MAX_VALUE];
  for (let i = 0; i < lengths.length; i++) {
    expect(check(roster.with32(lengthField, lengths[i]))).toBe(REFUSED_REFERENCE, "length " + lengths[i].toString());
  }
}

describe("a roster", () => {
  it("is accepted, with endpoints and without", () => {
    expect(checkHeader(roster.at, roster.length)).toBe(ACCEPTED);
    expect(check(roster)).toBe(ACCEPTED);
    expect(check(golden("roster-empty"))).toBe(ACCEPTED);
    expect(rosterEndpoints(golden("roster-empty").at)).toBe(0);
  });

  it("is read as it was meant", () => {
    expect(rosterEndpoints(roster.at)).toBe(3);
    expect(textOf(ROSTER_NAME_OFFSET, ROSTER_NAME_LENGTH)).toBe("default/base");
    expect(addressOf(0)).toBe("10.0.0.1:8000");
    expect(addressOf(1)).toBe("[2001:db8::8a2e:370:7334]:8001");
    expect(addressOf(2)).toBe("10.0.0.3:8000");
    for (let i: u32 = 0; i < 3; i++) {
      const length = endpointAddressLength(roster.at, i);
      expect(endpointKey(roster.at, i)).toBe(xxh64(endpointAddressAt(roster.at, i), length));
    }
    expect(textOf(rowField(1, ENDPOINT_NAME_OFFSET), rowField(1, ENDPOINT_NAME_LENGTH))).toBe("default/sglang-0");
    expect(textOf(rowField(1, ENDPOINT_ZONE_OFFSET), rowField(1, ENDPOINT_ZONE_LENGTH))).toBe("eu-west-1b");
    expect(load<u32>(endpointRow(roster.at, 1), ENDPOINT_LABEL_START)).toBe(1);
    expect(load<u32>(endpointRow(roster.at, 1), ENDPOINT_LABEL_COUNT)).toBe(3);
    expect(textOf(labelField(2, LABEL_KEY_OFFSET), labelField(2, LABEL_KEY_LENGTH))).toBe("owner");
    expect(textOf(labelField(2, LABEL_VALUE_OFFSET), labelField(2, LABEL_VALUE_LENGTH))).toBe("Zoë 東京 🚀");
    expect(load<u8>(endpointRow(roster.at, 1), ENDPOINT_ENGINE)).toBe(1);
    expect(load<u8>(endpointRow(roster.at, 1), ENDPOINT_ROLE)).toBe(u8(ROLE_PREFILL_DECODE));
    expect(load<u16>(endpointRow(roster.at, 2), ENDPOINT_RANK)).toBe(65535);
  });

  it("is refused at any other length, though the length field agrees", () => {
    for (let length: u32 = 32; length < roster.length; length++) {
      const cut = roster.with32(HEADER_LENGTH, length);
      expect(checkRoster(cut.at, length)).toBe(REFUSED_LENGTH, length.toString());
    }
    expect(checkRoster(roster.at, roster.length + 1)).toBe(REFUSED_LENGTH);
  });

  it("is refused for counts that its length does not have", () => {
    const counts: u32[] = [0, 1, 100, MAX_ENDPOINTS + 1, 0x10000000, 0x20000000, 0x80000000, u32.MAX_VALUE];
    for (let i = 0; i < counts.length; i++) {
      expect(check(roster.with32(ROSTER_ENDPOINTS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      expect(check(roster.with32(ROSTER_LABELS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      expect(check(roster.with32(ROSTER_STRINGS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
    }
    // 2^28 labels more are 2^32 bytes more: nothing, where sums have 32 bits.
    expect(check(roster.with32(ROSTER_LABELS, 0x10000004))).toBe(REFUSED_LENGTH);
  });

  it("is refused without a pool", () => {
    expect(check(roster.with64(HEADER_POOL, 0))).toBe(REFUSED_VALUE);
  });

  it("is refused for texts outside its strings", () => {
    expectReferenceChecked(ROSTER_NAME_OFFSET, ROSTER_NAME_LENGTH);
    for (let row: u32 = 0; row < 3; row++) {
      expectReferenceChecked(rowField(row, ENDPOINT_NAME_OFFSET), rowField(row, ENDPOINT_NAME_LENGTH));
      expectReferenceChecked(rowField(row, ENDPOINT_ZONE_OFFSET), rowField(row, ENDPOINT_ZONE_LENGTH));
      expectReferenceChecked(rowField(row, ENDPOINT_ADDRESS_OFFSET), rowField(row, ENDPOINT_ADDRESS_LENGTH));
    }
    for (let label: u32 = 0; label < 4; label++) {
      expectReferenceChecked(labelField(label, LABEL_KEY_OFFSET), labelField(label, LABEL_KEY_LENGTH));
      expectReferenceChecked(labelField(label, LABEL_VALUE_OFFSET), labelField(label, LABEL_VALUE_LENGTH));
    }
  });

  it("is refused for labels outside its table", () => {
    for (let row: u32 = 0; row < 3; row++) {
      const count = load<u32>(roster.at + rowField(row, ENDPOINT_LABEL_COUNT));
      const starts: u32[] = [5 - count, 5, u32.MAX_VALUE - count + 1, u32.MAX_VALUE];
      for (let i = 0; i < starts.length; i++) {
        if (starts[i] <= 4 - count) continue;
        const other = roster.with32(rowField(row, ENDPOINT_LABEL_START), starts[i]);
        expect(check(other)).toBe(REFUSED_REFERENCE, "start " + starts[i].toString());
      }
      expect(check(roster.with32(rowField(row, ENDPOINT_LABEL_COUNT), 5))).toBe(REFUSED_REFERENCE);
      expect(check(roster.with32(rowField(row, ENDPOINT_LABEL_COUNT), u32.MAX_VALUE))).toBe(REFUSED_REFERENCE);
    }
  });

  it("is refused for an address that is empty or too long", () => {
    expect(check(roster.with32(rowField(1, ENDPOINT_ADDRESS_LENGTH), 0))).toBe(REFUSED_VALUE);
    expect(check(roster.with32(rowField(0, ENDPOINT_ADDRESS_LENGTH), 47))).toBe(ACCEPTED);
    expect(check(roster.with32(rowField(0, ENDPOINT_ADDRESS_LENGTH), 48))).toBe(REFUSED_VALUE);
  });

  it("is refused for an engine or a role that there is not", () => {
    for (let value: u8 = 0; value < 10; value++) {
      const engine = check(roster.with8(rowField(0, ENDPOINT_ENGINE), value));
      expect(engine).toBe(value <= 3 ? ACCEPTED : REFUSED_VALUE);
      const role = check(roster.with8(rowField(2, ENDPOINT_ROLE), value));
      expect(role).toBe(value <= 4 ? ACCEPTED : REFUSED_VALUE);
    }
    expect(check(roster.with8(rowField(2, ENDPOINT_ENGINE), 255))).toBe(REFUSED_VALUE);
    expect(check(roster.with8(rowField(0, ENDPOINT_ROLE), 255))).toBe(REFUSED_VALUE);
  });
});
