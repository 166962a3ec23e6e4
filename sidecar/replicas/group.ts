import type { Flight } from "../../wire/model.ts";
import { type Clock, every } from "../support/clock.ts";
import type { Counts } from "./counts.ts";
import { Delays } from "./delays.ts";
import {
  decodeMessage,
  encodeSign,
  type Message,
  type MessageKind,
  MessageRefused,
  type ScrapeItem,
} from "./messages.ts";

/**
 * Milliseconds between looks. Silence is counted in looks and not in milliseconds: a process that was stopped itself
 * does not take that for the silence of all others.
 */
export const LOOK_MS = 100;
/** Looks between heartbeats. */
export const BEAT_LOOKS = 3;
/** Looks of silence after which a replica, or the way through Redis, counts as gone: three heartbeats, and a bit. */
export const SILENT_LOOKS = 10;
/** Looks without a heartbeat come back after which the connection is opened anew. */
const DEAD_LOOKS = 20;
/** Milliseconds; a message that lay about for longer says nothing about now. */
const LATE_MS = 1000;
/** Senders whose delays are remembered, the present ones among them. */
const SENDERS_MAX = 256;

/** Another replica. */
export interface Peer {
  readonly id: bigint;
  /** Below 0, and no other of this process has had it: what it goes by where gateways go by the numbers of streams. */
  readonly number: number;
}

/** What a group needs to reach the others. */
export interface Transport {
  /** Sends, or does not where too much is on its way already; tells which. */
  send(message: Buffer): boolean;
  /** Nothing comes through, whatever the connection looks like. */
  dead(): void;
}

/** Who wants to know what others say and who they are. */
export interface GroupListener {
  scrapes?(peer: Peer, items: readonly ScrapeItem[], delay: number): void;
  flight?(peer: Peer, flight: Flight): void;
  joined?(peer: Peer): void;
  left?(peer: Peer): void;
  /** The group can be reached, or cannot any more. */
  connected?(connected: boolean): void;
  /** A look, after everything else that belongs to it. */
  looked?(looks: number): void;
}

interface Member extends Peer {
  heardAt: number;
}

/** The replicas that live, and what passes between them. */
export class Group {
  /** This replica's number. */
  readonly id: bigint;
  readonly counts: Counts;
  readonly #clock: Clock;
  readonly #listeners: GroupListener[] = [];
  readonly #members = new Map<bigint, Member>();
  readonly #delays = new Map<bigint, Delays>();
  #transport: Transport | undefined;
  #connected = false;
  #looks = 0;
  /** The look at which a heartbeat came back last, or the transport was attached. */
  #echoAt = 0;
  #numbers = 0;
  #stop: () => void = () => undefined;

  constructor(id: bigint, clock: Clock, counts: Counts) {
    this.id = id;
    this.#clock = clock;
    this.counts = counts;
  }

  /** Whether what this replica says comes back to it, and so reaches the others. */
  get connected(): boolean {
    return this.#connected;
  }

  /** The others that live; none while not connected. */
  get peers(): number {
    return this.#members.size;
  }

  get looks(): number {
    return this.#looks;
  }

  listen(listener: GroupListener): void {
    this.#listeners.push(listener);
  }

  start(): void {
    this.#stop = every(this.#clock, LOOK_MS, () => this.#look());
  }

  /** Says goodbye; nothing is said or heard after. */
  stop(): void {
    this.#stop();
    if (this.#connected) this.#sign("goodbye");
    this.detach();
  }

  /** There is a way to the others; whether it leads anywhere shows when a heartbeat comes back. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#echoAt = this.#looks;
    this.#sign("heartbeat");
  }

  /** There is no way any more. */
  detach(): void {
    this.#transport = undefined;
    this.#disconnect();
  }

  /** Sends what `encode` makes, where there is somebody to hear it; tells whether it was sent. */
  send(kind: MessageKind, encode: (head: { from: bigint; sentAt: number }) => Buffer): boolean {
    if (!this.#connected || this.#members.size === 0) return false;
    return this.#send(kind, encode({ from: this.id, sentAt: this.#clock.now() }));
  }

  /** Takes a message from the channel, one's own included. */
  receive(bytes: Uint8Array): void {
    try {
      this.#take(decodeMessage(bytes));
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      this.counts.refused[error.reason]++;
    }
  }

  #take(message: Message): void {
    if (this.#transport === undefined) return;
    const now = this.#clock.now();
    if (message.from === this.id) {
      if (message.kind === "heartbeat" && now - message.sentAt <= LATE_MS) this.#echo();
      return;
    }
    const delay = this.#delaysOf(message.from).of(message.sentAt, now);
    if (delay > LATE_MS) throw new MessageRefused("late");
    if (!this.#connected) return;
    this.counts.received[message.kind]++;
    if (message.kind === "goodbye") {
      this.#remove(message.from);
      return;
    }
    const member = this.#members.get(message.from) ?? this.#join(message.from);
    member.heardAt = this.#looks;
    if (message.kind === "scrapes") for (const one of this.#listeners) one.scrapes?.(member, message.items, delay);
    if (message.kind === "flight") for (const one of this.#listeners) one.flight?.(member, message.flight);
  }

  #echo(): void {
    this.#echoAt = this.#looks;
    if (this.#connected) return;
    this.#connected = true;
    for (const one of this.#listeners) one.connected?.(true);
  }

  #disconnect(): void {
    if (!this.#connected) return;
    this.#connected = false;
    for (const id of [...this.#members.keys()]) this.#remove(id);
    for (const one of this.#listeners) one.connected?.(false);
  }

  #look(): void {
    this.#looks++;
    if (this.#looks % BEAT_LOOKS === 0) this.#sign("heartbeat");
    const silence = this.#looks - this.#echoAt;
    if (silence >= SILENT_LOOKS) this.#disconnect();
    for (const { id, heardAt } of [...this.#members.values()]) {
      if (this.#looks - heardAt >= SILENT_LOOKS) this.#remove(id);
    }
    for (const one of this.#listeners) one.looked?.(this.#looks);
    if (silence >= DEAD_LOOKS) this.#transport?.dead();
  }

  #join(id: bigint): Member {
    const member = { id, number: --this.#numbers, heardAt: this.#looks };
    this.#members.set(id, member);
    // At once, so that the newcomer need not wait for the next one to know who is there.
    this.#sign("heartbeat");
    for (const one of this.#listeners) one.joined?.(member);
    return member;
  }

  #remove(id: bigint): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    for (const one of this.#listeners) one.left?.(member);
  }

  #delaysOf(id: bigint): Delays {
    const delays = this.#delays.get(id) ?? new Delays();
    // Kept in the order of use: who has not been heard for longest is forgotten first.
    this.#delays.delete(id);
    this.#delays.set(id, delays);
    if (this.#delays.size > SENDERS_MAX) this.#delays.delete(this.#delays.keys().next().value as bigint);
    return delays;
  }

  #sign(kind: "heartbeat" | "goodbye"): void {
    if (this.#transport !== undefined) this.#send(kind, encodeSign(kind, { from: this.id, sentAt: this.#clock.now() }));
  }

  #send(kind: MessageKind, message: Buffer): boolean {
    const sent = this.#transport?.send(message) === true;
    this.counts[sent ? "sent" : "dropped"][kind]++;
    return sent;
  }
}
