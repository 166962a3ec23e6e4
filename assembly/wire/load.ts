import {
  ACCEPTED, ADAPTER_BYTES, LOAD_ADAPTERS, LOAD_BYTES, LOAD_ENDPOINTS, LOAD_FRESH_FOR, LOAD_RECEIVED_AT, LOAD_SEQUENCE,
  MAX_ENDPOINTS, REFUSED_LENGTH, REFUSED_REFERENCE, REFUSED_VALUE, SAMPLE_ADAPTERS_RUNNING, SAMPLE_ADAPTERS_WAITING,
  SAMPLE_ADAPTER_START, SAMPLE_BYTES, SAMPLE_FLAGS, SAMPLE_KV_USAGE, SAMPLE_READY,
  SAMPLE_RUNNING, SAMPLE_WAITING,
} from "../../wire/layout.ts";
import { inside } from "./reference.ts";

/** Checks a LOAD behind its header. Returns ACCEPTED or the reason it is refused. */
export function checkLoad(frame: usize, length: u32): i32 {
  if (length < u32(LOAD_BYTES)) return REFUSED_LENGTH;
  const endpoints = load<u32>(frame, LOAD_ENDPOINTS);
  const adapters = load<u32>(frame, LOAD_ADAPTERS);
  if (endpoints > u32(MAX_ENDPOINTS)) return REFUSED_LENGTH;
  if (u64(LOAD_BYTES) + u64(endpoints) * SAMPLE_BYTES + u64(adapters) * ADAPTER_BYTES != u64(length)) {
    return REFUSED_LENGTH;
  }
  for (let i: u32 = 0; i < endpoints; i++) {
    const row = sampleRow(frame, i);
    const held = u32(load<u16>(row, SAMPLE_ADAPTERS_RUNNING)) + u32(load<u16>(row, SAMPLE_ADAPTERS_WAITING));
    if (!inside(load<u32>(row, SAMPLE_ADAPTER_START), held, adapters)) return REFUSED_REFERENCE;
    if (load<u32>(row, SAMPLE_FLAGS) & ~SAMPLE_READY) return REFUSED_VALUE;
    const usage = load<f32>(row, SAMPLE_KV_USAGE);
    if (!(usage >= 0 && usage <= 1)) return REFUSED_VALUE; // also refuses NaN
  }
  return ACCEPTED;
}

@inline
export function loadEndpoints(frame: usize): u32 {
  return load<u32>(frame, LOAD_ENDPOINTS);
}

/** The most that runs on an engine which has a queue: what engines of the pool run at most. Infinity: none has one. */
export function batchLimit(frame: usize): f64 {
  const count = loadEndpoints(frame);
  let most: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const sample = sampleRow(frame, i);
    if (load<u32>(sample, SAMPLE_WAITING) > 0) most = max(most, load<u32>(sample, SAMPLE_RUNNING));
  }
  return most == 0 ? Infinity : f64(most);
}

@inline
export function sampleRow(frame: usize, index: u32): usize {
  return frame + LOAD_BYTES + usize(index) * SAMPLE_BYTES;
}

@inline
export function loadSequence(frame: usize): u64 {
  return load<u64>(frame, LOAD_SEQUENCE);
}

/** Milliseconds after which a sample is stale. */
@inline
export function loadFreshFor(frame: usize): u32 {
  return load<u32>(frame, LOAD_FRESH_FOR);
}

/** Microseconds of this host's clock when the frame came. */
@inline
export function loadReceivedAt(frame: usize): u64 {
  return load<u64>(frame, LOAD_RECEIVED_AT);
}

/** Notes in the frame when it came, for every worker that will read it. */
@inline
export function stampReceivedAt(frame: usize, at: u64): void {
  store<u64>(frame, at, LOAD_RECEIVED_AT);
}
