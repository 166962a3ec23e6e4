// Where records of other workers and gateways arrive.

import { RECORD_BYTES, RECORD_HELD, RECORD_LOST, RECORD_TPOT, RECORD_TTFT } from "../../wire/layout.ts";
import { observeTpot, observeTtft } from "../latency/model.ts";
import { count, RECORDS_LEARNED } from "../metrics.ts";
import { forgetFrom, recordPrefix } from "../prefix/index.ts";
import { recordKey, recordKind, recordValues } from "../wire/journal.ts";
import { findSlot } from "./slots.ts";

/**
 * Takes up a record that another worker or gateway has noted, in a checked JOURNAL. Those of unknown endpoints pass.
 */
export function learn(record: usize): void {
  const slot = findSlot(recordKey(record));
  if (slot === null) return;
  const number = slot.number;
  const values = recordValues(record);
  const kind = recordKind(record);
  if (kind == u32(RECORD_HELD)) recordPrefix(number, record + RECORD_BYTES, values, 0);
  else if (kind == u32(RECORD_LOST)) forgetFrom(number, record + RECORD_BYTES, values, 0);
  else if (kind == u32(RECORD_TTFT) && values == 6) {
    observeTtft(
      number, value(record, 0), value(record, 1), value(record, 2), value(record, 3), value(record, 4),
      value(record, 5),
    );
  } else if (kind == u32(RECORD_TPOT) && values == 4) {
    observeTpot(number, value(record, 0), value(record, 1), value(record, 2), value(record, 3));
  } else {
    return;
  }
  count(RECORDS_LEARNED);
}

@inline
function value(record: usize, index: u32): f64 {
  return load<f64>(record + (usize(index) << 3), RECORD_BYTES);
}
