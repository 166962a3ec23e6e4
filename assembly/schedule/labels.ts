// Labels of a roster's endpoints, as UTF-8 bytes that are compared exactly.

import {
  ENDPOINT_LABEL_COUNT, ENDPOINT_LABEL_START, ENDPOINT_NAME_LENGTH, ENDPOINT_NAME_OFFSET, LABEL_BYTES,
  LABEL_KEY_LENGTH, LABEL_KEY_OFFSET, LABEL_VALUE_LENGTH, LABEL_VALUE_OFFSET,
} from "../../wire/layout.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { endpointRow, rosterEndpoints, rosterText } from "../wire/roster.ts";

/** The label of a roster row with this key; 0 where it has none. */
export function findLabel(roster: usize, row: u32, key: usize, keyLength: u32): usize {
  const endpoint = endpointRow(roster, row);
  let label = labelRow(roster, load<u32>(endpoint, ENDPOINT_LABEL_START));
  const end = label + usize(load<u32>(endpoint, ENDPOINT_LABEL_COUNT)) * LABEL_BYTES;
  for (; label < end; label += LABEL_BYTES) {
    if (load<u32>(label, LABEL_KEY_LENGTH) != keyLength) continue;
    if (memory.compare(rosterText(roster, label, LABEL_KEY_OFFSET), key, keyLength) == 0) return label;
  }
  return 0;
}

/** Whether a label has this value. */
export function labelIs(roster: usize, label: usize, value: usize, length: u32): bool {
  return labelValueLength(label) == length && memory.compare(labelValueAt(roster, label), value, length) == 0;
}

export function labelValueAt(roster: usize, label: usize): usize {
  return rosterText(roster, label, LABEL_VALUE_OFFSET);
}

export function labelValueLength(label: usize): u32 {
  return load<u32>(label, LABEL_VALUE_LENGTH);
}

/** xxh64 of a roster row's name, `namespace/pod`. */
export function hashName(roster: usize, row: u32): u64 {
  const endpoint = endpointRow(roster, row);
  return xxh64(rosterText(roster, endpoint, ENDPOINT_NAME_OFFSET), load<u32>(endpoint, ENDPOINT_NAME_LENGTH));
}

function labelRow(roster: usize, index: u32): usize {
  return endpointRow(roster, rosterEndpoints(roster)) + usize(index) * LABEL_BYTES;
}
