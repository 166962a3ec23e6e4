// The endpoints among which a request may be sent at all, where its gateway restricts it to some. The list is read
// where the host put it, so it holds for the decision that is being made and no longer.

import { Pool } from "../state/pool.ts";
import { endpointAddressAt, endpointAddressLength } from "../wire/roster.ts";

let restricted: bool = false;
let listAt: usize = 0;
let listLength: u32 = 0;

/** Every endpoint of the pool may be picked. */
export function allowAll(): void {
  restricted = false;
}

/** Only these may: addresses with commas, `10.0.0.1:8000` for one endpoint or `10.0.0.1` for all of an address. */
export function allowOnly(at: usize, length: u32): void {
  restricted = true;
  listAt = at;
  listLength = length;
}

/** Whether the endpoint of a roster row may be picked. */
@inline
export function allowed(pool: Pool, row: u32): bool {
  return !restricted || listed(endpointAddressAt(pool.roster, row), endpointAddressLength(pool.roster, row));
}

function listed(at: usize, length: u32): bool {
  const host = hostLength(at, length);
  let from: u32 = 0;
  for (let i: u32 = 0; i <= listLength; i++) {
    if (i < listLength && load<u8>(listAt + i) != 0x2c) continue;
    let begin = from;
    let end = i;
    while (begin < end && load<u8>(listAt + begin) == 0x20) begin++;
    while (end > begin && load<u8>(listAt + end - 1) == 0x20) end--;
    const size = end - begin;
    if ((size == length || size == host) && size != 0 && memory.compare(listAt + begin, at, size) == 0) return true;
    from = i + 1;
  }
  return false;
}

// Bytes of an address before its port.
function hostLength(at: usize, length: u32): u32 {
  let i = length;
  while (i > 0 && load<u8>(at + i - 1) != 0x3a) i--;
  return i == 0 ? length : i - 1;
}
