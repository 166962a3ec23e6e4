import {
  checkLoad, loadEndpoints, loadFreshFor, loadReceivedAt, loadSequence, sampleRow, stampReceivedAt,
} from "../../assembly/wire/load.ts";
import {
  ACCEPTED, ADAPTER_BYTES, HEADER_LENGTH, LOAD_ADAPTERS, LOAD_BYTES, LOAD_ENDPOINTS, LOAD_SENT_AT, MAX_ENDPOINTS,
  REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE, SAMPLE_ADAPTERS_MAX, SAMPLE_ADAPTERS_RUNNING,
  SAMPLE_ADAPTERS_WAITING, SAMPLE_ADAPTER_START, SAMPLE_AGE, SAMPLE_BLOCK_COUNT, SAMPLE_BLOCK_SIZE, SAMPLE_BYTES,
  SAMPLE_COUNTER, SAMPLE_FLAGS, SAMPLE_KV_USAGE, SAMPLE_NEVER, SAMPLE_RUNNING, SAMPLE_WAITING,
} from "../../wire/layout.ts";
import { Frame, golden } from "./golden.ts";

const frame = golden("load-three");
const ADAPTERS: u32 = 4;

function check(changed: Frame): i32 {
  return checkLoad(changed.at, changed.length);
}

function field(row: u32, which: u32): u32 {
  return LOAD_BYTES + row * SAMPLE_BYTES + which;
}

function usage(value: f32): i32 {
  return check(frame.with32(field(1, SAMPLE_KV_USAGE), reinterpret<u32>(value)));
}

describe("a load", () => {
  it("is accepted and read as it was meant", () => {
    expect(check(frame)).toBe(ACCEPTED);
    expect(loadEndpoints(frame.at)).toBe(3);
    expect(loadSequence(frame.at)).toBe(u64.MAX_VALUE);
    expect(load<u64>(frame.at, LOAD_SENT_AT)).toBe(1700000000123456);
    expect(loadFreshFor(frame.at)).toBe(2000);
    expect(loadReceivedAt(frame.at)).toBe(0);
    const busy = sampleRow(frame.at, 0);
    expect(load<u32>(busy, SAMPLE_FLAGS)).toBe(1);
    expect(load<u32>(busy, SAMPLE_AGE)).toBe(12);
    expect(load<u32>(busy, SAMPLE_WAITING)).toBe(3);
    expect(load<u32>(busy, SAMPLE_RUNNING)).toBe(17);
    expect(load<f32>(busy, SAMPLE_KV_USAGE)).toBe(0.625);
    expect(load<u32>(busy, SAMPLE_BLOCK_SIZE)).toBe(16);
    expect(load<u32>(busy, SAMPLE_BLOCK_COUNT)).toBe(27280);
    expect(load<u16>(busy, SAMPLE_ADAPTERS_RUNNING)).toBe(2);
    expect(load<u16>(busy, SAMPLE_ADAPTERS_WAITING)).toBe(1);
    expect(load<u16>(busy, SAMPLE_ADAPTERS_MAX)).toBe(4);
    expect(load<u16>(busy, SAMPLE_COUNTER)).toBe(41);
    const never = sampleRow(frame.at, 1);
    expect(load<u32>(never, SAMPLE_FLAGS)).toBe(0);
    expect(load<u32>(never, SAMPLE_AGE)).toBe(SAMPLE_NEVER);
    const stale = sampleRow(frame.at, 2);
    expect(load<u32>(stale, SAMPLE_ADAPTER_START)).toBe(3);
    // Its waiting adapter is the first one's running adapter: equal names have equal hashes.
    const adapters = frame.at + LOAD_BYTES + 3 * SAMPLE_BYTES;
    expect(load<u64>(adapters + 3 * ADAPTER_BYTES)).toBe(load<u64>(adapters));
  });

  it("takes the time of its receipt", () => {
    const copy = frame.with32(LOAD_ENDPOINTS, 3);
    stampReceivedAt(copy.at, 123456789012345);
    expect(loadReceivedAt(copy.at)).toBe(123456789012345);
    expect(check(copy)).toBe(ACCEPTED);
  });

  it("is refused at any other length, though the length field agrees", () => {
    for (let length: u32 = 32; length < frame.length; length++) {
      const cut = frame.with32(HEADER_LENGTH, length);
      expect(checkLoad(cut.at, length)).toBe(REFUSED_LENGTH, length.toString());
    }
    expect(checkLoad(frame.at, frame.length + 1)).toBe(REFUSED_LENGTH);
  });

  it("is refused for counts that its length does not have", () => {
    const counts: u32[] = [0, 1, 100, MAX_ENDPOINTS + 1, 0x20000000, 0x80000000, u32.MAX_VALUE];
    for (let i = 0; i < counts.length; i++) {
      expect(check(frame.with32(LOAD_ENDPOINTS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
      expect(check(frame.with32(LOAD_ADAPTERS, counts[i]))).toBe(REFUSED_LENGTH, counts[i].toString());
    }
    // 2^29 adapters more are 2^32 bytes more: nothing, where sums have 32 bits.
    expect(check(frame.with32(LOAD_ADAPTERS, 0x20000000 + ADAPTERS))).toBe(REFUSED_LENGTH);
  });

  it("is refused for adapters outside its table", () => {
    for (let row: u32 = 0; row < 3; row++) {
      const at = frame.at + field(row, 0);
      const count = u32(load<u16>(at, SAMPLE_ADAPTERS_RUNNING)) + u32(load<u16>(at, SAMPLE_ADAPTERS_WAITING));
      const starts: u32[] = [ADAPTERS - count + 1, 0x80000000, u32.MAX_VALUE - count + 1, u32.MAX_VALUE];
      for (let i = 0; i < starts.length; i++) {
        if (starts[i] == 0) continue; // a row without adapters wraps to the table's start, where nothing is still inside
        const other = frame.with32(field(row, SAMPLE_ADAPTER_START), starts[i]);
        expect(check(other)).toBe(REFUSED_REFERENCE, "start " + starts[i].toString());
      }
      expect(check(frame.with16(field(row, SAMPLE_ADAPTERS_RUNNING), 5))).toBe(REFUSED_REFERENCE);
      expect(check(frame.with16(field(row, SAMPLE_ADAPTERS_WAITING), 0xffff))).toBe(REFUSED_REFERENCE);
    }
    const both = frame.with16(field(1, SAMPLE_ADAPTERS_RUNNING), 0xffff).with16(field(1, SAMPLE_ADAPTERS_WAITING), 1);
    expect(check(both)).toBe(REFUSED_REFERENCE, "two counts whose 16-bit sum would be 0");
  });

  it("is refused for a flag that there is not", () => {
    for (let bit: u32 = 1; bit < 32; bit++) {
      expect(check(frame.with32(field(0, SAMPLE_FLAGS), 1 << bit))).toBe(REFUSED_VALUE);
    }
    expect(check(frame.with32(field(0, SAMPLE_FLAGS), 0))).toBe(ACCEPTED);
    expect(check(frame.with32(field(1, SAMPLE_FLAGS), 1))).toBe(ACCEPTED);
  });

  it("is refused for a KV cache use that is none", () => {
    expect(usage(0)).toBe(ACCEPTED);
    expect(usage(1)).toBe(ACCEPTED);
    expect(usage(1.0000001)).toBe(REFUSED_VALUE);
    expect(usage(-0.0000001)).toBe(REFUSED_VALUE);
    expect(usage(f32.NaN)).toBe(REFUSED_VALUE);
    expect(usage(Infinity)).toBe(REFUSED_VALUE);
    expect(usage(-Infinity)).toBe(REFUSED_VALUE);
  });
});
