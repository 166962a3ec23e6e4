// Objects to frames. Ranges are checked here, so that a frame which leaves this file is one the filter accepts.
// The frames with tables have files of their own: encode-state.ts (ROSTER, LOAD), encode-plan.ts, encode-policy.ts.

import { check, finite, frame } from "./encode-frame.ts";
import * as L from "./layout.ts";
import type { Ack, Flight, Hello, Journal, Want } from "./model.ts";

export { EncodeError } from "./encode-frame.ts";
export { encodePlan } from "./encode-plan.ts";
export { encodePolicy } from "./encode-policy.ts";
export { encodeLoad, encodeRoster } from "./encode-state.ts";

/** FLIGHT frame, as it travels between gateway and sidecar. */
export function encodeFlight(flight: Flight): Uint8Array {
  const { bytes, view } = frame(L.KIND_FLIGHT, L.FLIGHT_BYTES + flight.entries.length * L.FLIGHT_ENTRY_BYTES);
  view.setBigUint64(L.FLIGHT_OWNER, flight.owner, true);
  view.setUint32(L.FLIGHT_ENTRIES, flight.entries.length, true);
  flight.entries.forEach((entry, index) => {
    const at = L.FLIGHT_BYTES + index * L.FLIGHT_ENTRY_BYTES;
    view.setBigUint64(at + L.FLIGHT_KEY, entry.endpoint, true);
    view.setUint32(at + L.FLIGHT_REQUESTS, check("requests", entry.requests, 0xffffffff), true);
    view.setUint32(at + L.FLIGHT_TOKENS, check("tokens", entry.tokens, 0xffffffff), true);
    view.setUint32(at + L.FLIGHT_PREFILL, check("prefill", entry.prefill, 0xffffffff), true);
  });
  return bytes;
}

/** JOURNAL frame, as a gateway sends it; filter and sidecar copy records as bytes, this one serves tests and tools. */
export function encodeJournal(journal: Journal): Uint8Array {
  const values = journal.records.reduce((sum, record) => sum + record.values.length, 0);
  const length = L.JOURNAL_BYTES + journal.records.length * L.RECORD_BYTES + values * 8;
  const { bytes, view } = frame(L.KIND_JOURNAL, check("journal length", length, L.MAX_JOURNAL_BYTES));
  view.setBigUint64(L.JOURNAL_OWNER, journal.owner, true);
  view.setBigUint64(L.JOURNAL_FIRST, journal.first, true);
  view.setUint32(L.JOURNAL_RECORDS, journal.records.length, true);
  let at = L.JOURNAL_BYTES;
  for (const record of journal.records) {
    view.setUint16(at + L.RECORD_KIND, check("record kind", record.kind, 0xffff, 1), true);
    view.setUint16(at + L.RECORD_VALUES, check("record values", record.values.length, 0xffff), true);
    view.setBigUint64(at + L.RECORD_KEY, record.endpoint, true);
    at += L.RECORD_BYTES;
    for (const value of record.values) {
      if (typeof value === "bigint") view.setBigUint64(at, value, true);
      else view.setFloat64(at, finite("record value", value), true);
      at += 8;
    }
  }
  return bytes;
}

/** SYNC frame: every pool has been sent once on this stream. */
export function encodeSync(): Uint8Array {
  return frame(L.KIND_SYNC, L.HEADER_BYTES).bytes;
}

/** GONE frame: the pool is no more. */
export function encodeGone(pool: string): Uint8Array {
  return frame(L.KIND_GONE, L.HEADER_BYTES, pool).bytes;
}

/** BEAT frame: the sidecar lives, though it has nothing to say. */
export function encodeBeat(): Uint8Array {
  return frame(L.KIND_BEAT, L.HEADER_BYTES).bytes;
}

/** HELLO frame, as a gateway sends it; the filter builds its own, this one serves tests and tools. */
export function encodeHello(hello: Hello): Uint8Array {
  const node = new TextEncoder().encode(hello.node).subarray(0, L.HELLO_NODE_MAX);
  const { bytes, view } = frame(L.KIND_HELLO, L.HELLO_NODE + node.length);
  view.setBigUint64(L.HELLO_GATEWAY, hello.gateway, true);
  view.setUint32(L.HELLO_NODE_LENGTH, node.length, true);
  bytes.set(node, L.HELLO_NODE);
  return bytes;
}

/** WANT frame, as a gateway sends it; the filter builds its own, this one serves tests and tools. */
export function encodeWant(want: Want): Uint8Array {
  const count = check("wanted pools", want.pools.length, L.MAX_POOLS);
  const { bytes, view } = frame(L.KIND_WANT, L.WANT_BYTES + count * 8);
  view.setUint32(L.WANT_FLAGS, want.all ? L.WANT_ALL : 0, true);
  view.setUint32(L.WANT_POOLS, count, true);
  want.pools.forEach((pool, index) => {
    view.setBigUint64(L.WANT_BYTES + index * 8, pool, true);
  });
  return bytes;
}

/** ACK frame, as a gateway sends it; the filter builds its own, this one serves tests and tools. */
export function encodeAck(ack: Ack): Uint8Array {
  const { bytes, view } = frame(L.KIND_ACK, L.ACK_BYTES);
  view.setBigUint64(L.ACK_SEQUENCE, ack.sequence, true);
  view.setUint32(L.ACK_ACCEPTED, ack.accepted, true);
  view.setUint32(L.ACK_REFUSED, ack.refused, true);
  view.setUint32(L.ACK_REASON, ack.reason, true);
  return bytes;
}
