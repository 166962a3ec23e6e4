// Frames from a gateway to objects. Every length is checked; what is wrong is refused by reason, never guessed.

import * as L from "./layout.ts";
import type { Ack, Flight, Hello, Want } from "./model.ts";

/** A frame that this reader does not accept; `reason` is one of the REFUSED_ constants. */
export class FrameRefused extends Error {
  readonly reason: number;

  constructor(reason: number, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** A decoded frame of the up direction. */
export type UpFrame =
  | { readonly kind: "hello"; readonly hello: Hello }
  | { readonly kind: "ack"; readonly ack: Ack }
  | { readonly kind: "want"; readonly want: Want }
  | { readonly kind: "flight"; readonly flight: Flight }
  /** What a journal says is for the other gateways; the sidecar passes its records on as they are. */
  | { readonly kind: "journal"; readonly owner: bigint; readonly records: number; readonly bytes: Uint8Array };

/**
 * Checks the header of a frame of this wire version.
 * @throws FrameRefused
 */
export function header(bytes: Uint8Array): { view: DataView; kind: number } {
  if (bytes.length < L.HEADER_BYTES) {
    throw new FrameRefused(L.REFUSED_TRUNCATED, `${bytes.length} bytes, a frame has at least ${L.HEADER_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(L.HEADER_MAGIC, true) !== L.FRAME_MAGIC) {
    throw new FrameRefused(L.REFUSED_MAGIC, "the first four bytes are not IEPP");
  }
  const version = view.getUint16(L.HEADER_VERSION, true);
  if (version !== L.WIRE_VERSION) {
    throw new FrameRefused(L.REFUSED_VERSION, `wire version ${version}, this sidecar speaks ${L.WIRE_VERSION}`);
  }
  const length = view.getUint32(L.HEADER_LENGTH, true);
  if (length !== bytes.length) {
    throw new FrameRefused(L.REFUSED_TRUNCATED, `length field ${length}, ${bytes.length} bytes came`);
  }
  return { view, kind: view.getUint16(L.HEADER_KIND, true) };
}

/** @throws FrameRefused where there are more or fewer bytes. */
export function exactly(bytes: Uint8Array, expected: number): void {
  if (bytes.length !== expected) {
    throw new FrameRefused(L.REFUSED_LENGTH, `${bytes.length} bytes, expected ${expected}`);
  }
}

function want(bytes: Uint8Array, view: DataView): Want {
  if (bytes.length < L.WANT_BYTES) throw new FrameRefused(L.REFUSED_LENGTH, "WANT is cut short");
  const count = view.getUint32(L.WANT_POOLS, true);
  if (count > L.MAX_POOLS) throw new FrameRefused(L.REFUSED_LENGTH, `WANT of ${count} pools`);
  exactly(bytes, L.WANT_BYTES + count * 8);
  const flags = view.getUint32(L.WANT_FLAGS, true);
  if (flags > L.WANT_ALL) throw new FrameRefused(L.REFUSED_VALUE, `WANT with flags ${flags}`);
  const pools = Array.from({ length: count }, (_, index) => view.getBigUint64(L.WANT_BYTES + index * 8, true));
  return { all: flags === L.WANT_ALL, pools };
}

function flight(bytes: Uint8Array, view: DataView): Flight {
  if (bytes.length < L.FLIGHT_BYTES) throw new FrameRefused(L.REFUSED_LENGTH, "FLIGHT is cut short");
  const count = view.getUint32(L.FLIGHT_ENTRIES, true);
  exactly(bytes, L.FLIGHT_BYTES + count * L.FLIGHT_ENTRY_BYTES);
  const entries = Array.from({ length: count }, (_, index) => {
    const at = L.FLIGHT_BYTES + index * L.FLIGHT_ENTRY_BYTES;
    return {
      endpoint: view.getBigUint64(at + L.FLIGHT_KEY, true),
      requests: view.getUint32(at + L.FLIGHT_REQUESTS, true),
      tokens: view.getUint32(at + L.FLIGHT_TOKENS, true),
      prefill: view.getUint32(at + L.FLIGHT_PREFILL, true),
    };
  });
  return { owner: view.getBigUint64(L.FLIGHT_OWNER, true), entries };
}

function journal(bytes: Uint8Array, view: DataView): { owner: bigint; records: number; bytes: Uint8Array } {
  if (bytes.length < L.JOURNAL_BYTES || bytes.length > L.MAX_JOURNAL_BYTES) {
    throw new FrameRefused(L.REFUSED_LENGTH, `JOURNAL of ${bytes.length} bytes`);
  }
  const records = view.getUint32(L.JOURNAL_RECORDS, true);
  let at = L.JOURNAL_BYTES;
  for (let i = 0; i < records; i++) {
    if (at + L.RECORD_BYTES > bytes.length) throw new FrameRefused(L.REFUSED_LENGTH, `record ${i} is cut short`);
    const end = at + L.RECORD_BYTES + view.getUint16(at + L.RECORD_VALUES, true) * 8;
    if (end > bytes.length) throw new FrameRefused(L.REFUSED_LENGTH, `record ${i} is cut short`);
    checkRecord(view, at, end);
    at = end;
  }
  exactly(bytes, at);
  return { owner: view.getBigUint64(L.JOURNAL_OWNER, true), records, bytes };
}

/** How many numbers a record of this kind has; the other kinds have any number of hashes. */
const NUMBERS = new Map([
  [L.RECORD_TTFT, 6],
  [L.RECORD_TPOT, 4],
]);

function checkRecord(view: DataView, at: number, end: number): void {
  const kind = view.getUint16(at + L.RECORD_KIND, true);
  if (kind === L.RECORD_HELD || kind === L.RECORD_LOST) return;
  const first = at + L.RECORD_BYTES;
  if (end - first !== (NUMBERS.get(kind) ?? -1) * 8) {
    throw new FrameRefused(L.REFUSED_VALUE, `record of kind ${kind} with ${(end - first) / 8} values`);
  }
  for (let value = first; value < end; value += 8) {
    if (!Number.isFinite(view.getFloat64(value, true))) {
      throw new FrameRefused(L.REFUSED_VALUE, `record of kind ${kind} with a number that is not finite`);
    }
  }
}

/**
 * Reads a frame that a gateway sent.
 * @throws FrameRefused with the reason that goes into logs and metrics.
 */
export function decodeUp(bytes: Uint8Array): UpFrame {
  const { view, kind } = header(bytes);
  if (kind === L.KIND_HELLO) {
    if (bytes.length < L.HELLO_NODE) throw new FrameRefused(L.REFUSED_LENGTH, "HELLO is cut short");
    const nodeLength = view.getUint32(L.HELLO_NODE_LENGTH, true);
    if (nodeLength > L.HELLO_NODE_MAX) throw new FrameRefused(L.REFUSED_LENGTH, `node id of ${nodeLength} bytes`);
    exactly(bytes, L.HELLO_NODE + nodeLength);
    return {
      kind: "hello",
      hello: {
        gateway: view.getBigUint64(L.HELLO_GATEWAY, true),
        node: new TextDecoder().decode(bytes.subarray(L.HELLO_NODE)),
      },
    };
  }
  if (kind === L.KIND_ACK) {
    exactly(bytes, L.ACK_BYTES);
    return {
      kind: "ack",
      ack: {
        sequence: view.getBigUint64(L.ACK_SEQUENCE, true),
        accepted: view.getUint32(L.ACK_ACCEPTED, true),
        refused: view.getUint32(L.ACK_REFUSED, true),
        reason: view.getUint32(L.ACK_REASON, true),
      },
    };
  }
  if (kind === L.KIND_WANT) return { kind: "want", want: want(bytes, view) };
  if (kind === L.KIND_FLIGHT) return { kind: "flight", flight: flight(bytes, view) };
  if (kind === L.KIND_JOURNAL) return { kind: "journal", ...journal(bytes, view) };
  throw new FrameRefused(L.REFUSED_KIND, `kind ${kind} does not travel from a gateway to the sidecar`);
}

const REASONS = new Map([
  [L.REFUSED_TRUNCATED, "truncated"],
  [L.REFUSED_MAGIC, "magic"],
  [L.REFUSED_VERSION, "version"],
  [L.REFUSED_LENGTH, "length"],
  [L.REFUSED_KIND, "kind"],
  [L.REFUSED_REFERENCE, "reference"],
  [L.REFUSED_VALUE, "value"],
  [L.REFUSED_EPOCH, "epoch"],
]);

/** A REFUSED_ constant as the word that logs and metric labels show. */
export function refusalName(reason: number): string {
  return REASONS.get(reason) ?? `unknown (${reason})`;
}
