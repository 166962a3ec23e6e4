import {
  ACCEPTED, FLIGHT_BYTES, FLIGHT_ENTRIES, FLIGHT_ENTRY_BYTES, FLIGHT_OWNER, KIND_FLIGHT, REFUSED_LENGTH, REFUSED_VALUE,
} from "../../wire/layout.ts";
import { checkHeader, frameKind } from "./header.ts";

/** Checks a FLIGHT behind its header. Returns ACCEPTED or the reason it is refused. */
function checkFlight(frame: usize, length: u32): i32 {
  if (length < u32(FLIGHT_BYTES)) return REFUSED_LENGTH;
  const bytes = u64(FLIGHT_BYTES) + u64(flightEntries(frame)) * FLIGHT_ENTRY_BYTES;
  return bytes == u64(length) ? ACCEPTED : REFUSED_LENGTH;
}

/** Checks a FLIGHT from the sidecar behind its header: it tells of all other gateways, so it names no owner. */
export function checkFlightDown(frame: usize, length: u32): i32 {
  const refused = checkFlight(frame, length);
  return refused != ACCEPTED || load<u64>(frame, FLIGHT_OWNER) == 0 ? refused : REFUSED_VALUE;
}

/** Whether bytes from shared data are a FLIGHT. */
export function isFlight(frame: usize, length: u32): bool {
  return (
    checkHeader(frame, length) == ACCEPTED && frameKind(frame) == u32(KIND_FLIGHT) &&
    checkFlight(frame, length) == ACCEPTED
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
