import {
  ACCEPTED, ENDPOINT_ADDRESS_LENGTH, ENDPOINT_ADDRESS_MAX, ENDPOINT_ADDRESS_OFFSET, ENDPOINT_BYTES, ENDPOINT_ENGINE,
  ENDPOINT_KEY, ENDPOINT_LABEL_COUNT, ENDPOINT_LABEL_START, ENDPOINT_NAME_LENGTH, ENDPOINT_NAME_OFFSET, ENDPOINT_ROLE,
  ENDPOINT_ZONE_LENGTH, ENDPOINT_ZONE_OFFSET, ENGINE_TRITON_TENSORRT_LLM, LABEL_BYTES, LABEL_KEY_LENGTH,
  LABEL_KEY_OFFSET, LABEL_VALUE_LENGTH, LABEL_VALUE_OFFSET, MAX_ENDPOINTS, REFUSED_LENGTH, REFUSED_REFERENCE,
  REFUSED_VALUE, ROLE_ENCODE, ROSTER_BYTES, ROSTER_ENDPOINTS, ROSTER_LABELS, ROSTER_NAME_LENGTH, ROSTER_NAME_OFFSET,
  ROSTER_STRINGS,
} from "../../wire/layout.ts";
import { framePool } from "./header.ts";
import { inside, readable } from "./reference.ts";

/** Checks a ROSTER behind its header. Returns ACCEPTED or the reason it is refused. */
export function checkRoster(frame: usize, length: u32): i32 {
  if (length < u32(ROSTER_BYTES)) return REFUSED_LENGTH;
  if (framePool(frame) == 0) return REFUSED_VALUE;
  const endpoints = load<u32>(frame, ROSTER_ENDPOINTS);
  const labels = load<u32>(frame, ROSTER_LABELS);
  const strings = load<u32>(frame, ROSTER_STRINGS);
  if (endpoints > u32(MAX_ENDPOINTS)) return REFUSED_LENGTH;
  const expected =
    u64(ROSTER_BYTES) + u64(endpoints) * ENDPOINT_BYTES + u64(labels) * LABEL_BYTES + u64(strings);
  if (expected != u64(length)) return REFUSED_LENGTH;
  if (!readable(frame, ROSTER_NAME_OFFSET, ROSTER_NAME_LENGTH, strings)) return REFUSED_REFERENCE;
  for (let i: u32 = 0; i < endpoints; i++) {
    const row = endpointRow(frame, i);
    if (!readable(row, ENDPOINT_ADDRESS_OFFSET, ENDPOINT_ADDRESS_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!readable(row, ENDPOINT_NAME_OFFSET, ENDPOINT_NAME_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!readable(row, ENDPOINT_ZONE_OFFSET, ENDPOINT_ZONE_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!inside(load<u32>(row, ENDPOINT_LABEL_START), load<u32>(row, ENDPOINT_LABEL_COUNT), labels)) {
      return REFUSED_REFERENCE;
    }
    const address = load<u32>(row, ENDPOINT_ADDRESS_LENGTH);
    if (address == 0 || address > u32(ENDPOINT_ADDRESS_MAX)) return REFUSED_VALUE;
    if (load<u8>(row, ENDPOINT_ENGINE) > u8(ENGINE_TRITON_TENSORRT_LLM)) return REFUSED_VALUE;
    if (load<u8>(row, ENDPOINT_ROLE) > u8(ROLE_ENCODE)) return REFUSED_VALUE;
  }
  const labelsAt = frame + ROSTER_BYTES + usize(endpoints) * ENDPOINT_BYTES;
  for (let i: u32 = 0; i < labels; i++) {
    const row = labelsAt + usize(i) * LABEL_BYTES;
    if (!readable(row, LABEL_KEY_OFFSET, LABEL_KEY_LENGTH, strings)) return REFUSED_REFERENCE;
    if (!readable(row, LABEL_VALUE_OFFSET, LABEL_VALUE_LENGTH, strings)) return REFUSED_REFERENCE;
  }
  return ACCEPTED;
}

@inline
export function rosterEndpoints(frame: usize): u32 {
  return load<u32>(frame, ROSTER_ENDPOINTS);
}

@inline
export function endpointRow(frame: usize, index: u32): usize {
  return frame + ROSTER_BYTES + usize(index) * ENDPOINT_BYTES;
}

@inline
export function endpointKey(frame: usize, index: u32): u64 {
  return load<u64>(endpointRow(frame, index), ENDPOINT_KEY);
}

/**
 * Where a text of the roster stands; `row`, of an endpoint, a label or the frame, holds its offset at `offsetField`.
 */
@inline
export function rosterText(frame: usize, row: usize, offsetField: i32): usize {
  const strings =
    frame + ROSTER_BYTES + usize(rosterEndpoints(frame)) * ENDPOINT_BYTES +
    usize(load<u32>(frame, ROSTER_LABELS)) * LABEL_BYTES;
  return strings + load<u32>(row + offsetField);
}

@inline
export function endpointAddressAt(frame: usize, index: u32): usize {
  return rosterText(frame, endpointRow(frame, index), ENDPOINT_ADDRESS_OFFSET);
}

@inline
export function endpointAddressLength(frame: usize, index: u32): u32 {
  return load<u32>(endpointRow(frame, index), ENDPOINT_ADDRESS_LENGTH);
}
