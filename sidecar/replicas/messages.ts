// Messages between replicas. FORMAT.md has the layout.

import { decodeUp, FrameRefused } from "../../wire/decode.ts";
import { WIRE_VERSION } from "../../wire/layout.ts";
import type { Flight } from "../../wire/model.ts";
import { OUTCOMES, type Outcome } from "../scrape/report.ts";
import type { Signals } from "../scrape/signals.ts";
import { BytesReader, BytesWriter } from "./bytes.ts";

export const MESSAGE_VERSION = 1;

const MAGIC = 0x52504549;
const HEADER_BYTES = 24;
const U16_MAX = 0xffff;
const U32_MAX = 0xffffffff;
/** UTF-16 units of a reason; an engine's answer may be in it. */
const REASON_MAX = 200;

/** By their numbers on the wire. */
const KINDS = ["", "heartbeat", "goodbye", "flight", "scrapes"] as const;

export type MessageKind = Exclude<(typeof KINDS)[number], "">;
export const MESSAGE_KINDS = KINDS.slice(1) as MessageKind[];

/** Why a message is refused, as the metric's label shows it. */
export type Refusal = "truncated" | "magic" | "version" | "kind" | "value" | "late";
export const REFUSALS: readonly Refusal[] = ["truncated", "magic", "version", "kind", "value", "late"];

/** A message that this reader does not accept. */
export class MessageRefused extends Error {
  readonly reason: Refusal;

  constructor(reason: Refusal) {
    super(reason);
    this.reason = reason;
  }
}

/** How a target fares. */
export interface ScrapeItem {
  /** xxh64 of the target's key. */
  readonly target: bigint;
  readonly outcome: Outcome;
  /** Why it failed; empty where it did not, or where that was said before. */
  readonly reason: string;
  /** Signals and how old they were when the message left, in milliseconds. */
  readonly sample: { readonly signals: Signals; readonly age: number } | undefined;
}

interface Head {
  /** The sender. */
  readonly from: bigint;
  /** Milliseconds of the sender's clock. */
  readonly sentAt: number;
}

export type Message = Head &
  (
    | { readonly kind: "heartbeat" }
    | { readonly kind: "goodbye" }
    | { readonly kind: "flight"; readonly flight: Flight }
    | { readonly kind: "scrapes"; readonly items: readonly ScrapeItem[] }
  );

function header(kind: MessageKind, { from, sentAt }: Head, capacity: number): BytesWriter {
  const writer = new BytesWriter(HEADER_BYTES + capacity);
  writer.u32(MAGIC);
  writer.u8(MESSAGE_VERSION);
  writer.u8(KINDS.indexOf(kind));
  writer.u16(WIRE_VERSION);
  writer.u64(from);
  writer.f64(sentAt);
  return writer;
}

/** A heartbeat or a goodbye. */
export function encodeSign(kind: "heartbeat" | "goodbye", head: Head): Buffer {
  return header(kind, head, 0).done();
}

/** A flight message around a FLIGHT frame. */
export function encodeFlightMessage(frame: Uint8Array, head: Head): Buffer {
  const writer = header("flight", head, frame.length);
  writer.bytes(frame);
  return writer.done();
}

/** A scrapes message. Values are held within their fields. */
export function encodeScrapes(items: readonly ScrapeItem[], head: Head): Buffer {
  const writer = header("scrapes", head, 4 + items.length * 64);
  writer.u32(items.length);
  for (const { target, outcome, reason, sample } of items) {
    writer.u64(target);
    writer.u8(OUTCOMES.indexOf(outcome));
    writer.u8(sample === undefined ? 0 : 1);
    writer.text(reason.slice(0, REASON_MAX));
    if (sample !== undefined) writeSample(writer, sample.signals, sample.age);
  }
  return writer.done();
}

function writeSample(writer: BytesWriter, signals: Signals, age: number): void {
  writer.u32(Math.min(Math.max(0, Math.round(age * 1000)), U32_MAX));
  writer.u32(signals.waiting);
  writer.u32(signals.running);
  writer.f32(signals.kvUsage);
  writer.u32(signals.blockSize);
  writer.u32(signals.blockCount);
  writer.u16(Math.min(signals.maxAdapters, U16_MAX));
  const running = signals.runningAdapters.slice(0, U16_MAX);
  const waiting = signals.waitingAdapters.slice(0, U16_MAX);
  writer.u16(running.length);
  writer.u16(waiting.length);
  for (const name of running) writer.text(name);
  for (const name of waiting) writer.text(name);
}

function readSample(reader: BytesReader): NonNullable<ScrapeItem["sample"]> {
  const age = reader.u32() / 1000;
  const waiting = reader.u32();
  const running = reader.u32();
  const kvUsage = reader.f32();
  if (!(kvUsage >= 0 && kvUsage <= 1)) throw new MessageRefused("value");
  const blockSize = reader.u32();
  const blockCount = reader.u32();
  const maxAdapters = reader.u16();
  const counts = [reader.u16(), reader.u16()] as const;
  const [runningAdapters, waitingAdapters] = counts.map((count) => Array.from({ length: count }, () => reader.text()));
  return {
    age,
    signals: {
      waiting,
      running,
      kvUsage,
      blockSize,
      blockCount,
      runningAdapters: runningAdapters as string[],
      waitingAdapters: waitingAdapters as string[],
      maxAdapters,
    },
  };
}

function readItem(reader: BytesReader): ScrapeItem {
  const target = reader.u64();
  const outcome = OUTCOMES[reader.u8()];
  if (outcome === undefined) throw new MessageRefused("value");
  const hasSample = reader.u8() === 1;
  const reason = reader.text();
  return { target, outcome, reason, sample: hasSample ? readSample(reader) : undefined };
}

function readFlight(frame: Uint8Array): Flight {
  try {
    const read = decodeUp(frame);
    if (read.kind === "flight") return read.flight;
  } catch (error) {
    if (!(error instanceof FrameRefused)) throw error;
  }
  throw new MessageRefused("value");
}

/**
 * Reads a message.
 * @throws MessageRefused with the reason that is counted.
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader = new BytesReader(bytes, () => new MessageRefused("truncated"));
  if (reader.u32() !== MAGIC) throw new MessageRefused("magic");
  const version = reader.u8();
  const kind = KINDS[reader.u8()];
  if (version !== MESSAGE_VERSION || reader.u16() !== WIRE_VERSION) throw new MessageRefused("version");
  const head = { from: reader.u64(), sentAt: reader.f64() };
  if (!Number.isFinite(head.sentAt)) throw new MessageRefused("value");
  if (kind === "heartbeat" || kind === "goodbye") return { ...head, kind };
  if (kind === "flight") return { ...head, kind, flight: readFlight(reader.rest()) };
  if (kind !== "scrapes") throw new MessageRefused("kind");
  const count = reader.u32();
  const items: ScrapeItem[] = [];
  for (let index = 0; index < count; index++) items.push(readItem(reader));
  if (reader.rest().length > 0) throw new MessageRefused("value");
  return { ...head, kind, items };
}
