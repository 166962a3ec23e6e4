import {
  ACCEPTED, FLIGHT_BYTES, FLIGHT_ENTRIES, FLIGHT_ENTRY_BYTES, KIND_FLIGHT,
} from "../../wire/layout.ts";
import { checkHeader, frameKind } from "./header.ts";

/** Whether bytes from shared data are a FLIGHT frame. */
export function checkFlight(frame: usize, length: u32): bool {
  return (
    checkHeader(frame, length) == ACCEPTED && frameKind(frame) == u32(KIND_FLIGHT) && length >= u32(FLIGHT_BYTES) &&
    u64(FLIGHT_BYTES) + u64(flightEntries(frame)) * FLIGHT_ENTRY_BYTES == u64(length)
  );
}

@inline
export function flightEntries(frame: usize): u32 {
  return load<u32>(frame, FLIGHT_ENTRIES);
}

@inline
export function flightEntry(frame: usize, index: u32): usize {
  return frame + FLIGHT_BYTES + usize(index) * FLIGHT_ENTRY_BYTES;
}
