import { Slab } from "../memory/slab.ts";
import { Table } from "../memory/table.ts";
import { enter, leave, Slot } from "../state/slots.ts";

/** Addresses remembered per request, to tell an answer from a listed endpoint from one that ignored the list. */
export const REMEMBERED: u32 = 4;

/** What is known of one stream, from its headers to its end. */
@unmanaged
@final
export class Request {
  /** The slab's link while the record is free. */
  link: u32;
  id: u32;
  /** Address of the Root object. */
  root: usize;
  /** Address of the Slot where the request counts as in flight; 0: nowhere. */
  slot: usize;
  /** How many destinations the decision listed; 0: none. */
  picks: u32;
  /** Whether the decision has been made, whatever it was. */
  decided: bool;
  /** Since when the request is held without a body callback, in microseconds; 0: it is not. */
  heldSince: u64;
  /** Neighbours among the root's held requests; 0: none. */
  older: usize;
  newer: usize;
  /** xxh64 of the first REMEMBERED destinations. */
  key0: u64;
  key1: u64;
  key2: u64;
  key3: u64;
}

const slab = new Slab(offsetof<Request>());
const byId = new Table();

/** Makes the record of a stream. Null when a million streams stand. */
export function createRequest(id: u32, root: usize): Request | null {
  const at = slab.take();
  if (at == 0) return null;
  const request = changetype<Request>(at);
  request.id = id;
  request.root = root;
  byId.set(id, at);
  return request;
}

/** The record of a context id; null where the id is none of a stream. */
export function requestOf(id: u32): Request | null {
  const at = byId.get(id);
  return at == 0 ? null : changetype<Request>(at);
}

/** Forgets a stream that is over. */
export function deleteRequest(request: Request): void {
  byId.remove(request.id);
  slab.give(changetype<usize>(request));
}

/** Counts the request as in flight at an endpoint, and nowhere else. */
export function countAt(request: Request, slot: Slot): void {
  if (request.slot == changetype<usize>(slot)) return;
  enter(slot);
  uncount(request);
  request.slot = changetype<usize>(slot);
}

/** The request is in flight nowhere any more. */
export function uncount(request: Request): void {
  if (request.slot == 0) return;
  leave(changetype<Slot>(request.slot));
  request.slot = 0;
}

/** Remembers a destination of the decision's list. */
export function remember(request: Request, place: u32, key: u64): void {
  if (place < REMEMBERED) store<u64>(changetype<usize>(request) + offsetof<Request>("key0") + (place << 3), key);
}

/** Whether the list named this destination; true also where the list was longer than what is remembered. */
export function listed(request: Request, key: u64): bool {
  if (request.picks > REMEMBERED) return true;
  for (let place: u32 = 0; place < request.picks; place++) {
    if (load<u64>(changetype<usize>(request) + offsetof<Request>("key0") + (place << 3)) == key) return true;
  }
  return false;
}
