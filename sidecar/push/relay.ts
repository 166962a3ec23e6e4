import { encodeFlight } from "../../wire/encode.ts";
import type { Clock } from "../support/clock.ts";
import type { FlightBoard } from "./flight-board.ts";
import type { JournalMemory } from "./journal-memory.ts";
import { unitsOf, WAITING_BYTES_MAX, type Wire } from "./outbox.ts";
import type { PushObserver } from "./push-observer.ts";

/**
 * Bytes of records in one frame, and milliseconds that so many bytes take up of a gateway's time: 3.2 MB/s. A gateway
 * keeps its last 256 KiB of records for its workers, which look every 10 ms, so more at once would be lost on them.
 */
const JOURNAL_CHUNK = 65_536;
const CHUNK_MS = 20;
const MS_PER_BYTE = CHUNK_MS / JOURNAL_CHUNK;
/** A FLIGHT of this age, in milliseconds, is repeated: gateways forget one after 3 s. */
const REPEAT_MS = 600;
const NOTHING = encodeFlight({ owner: 0n, entries: [] });

/** What gateways have told of themselves, for the others. */
export interface Told {
  readonly flights: FlightBoard;
  readonly journals: JournalMemory;
}

/** What one gateway still has to be told of the others. Like an outbox, it holds positions and never frames. */
export class Relay {
  readonly #gateway: number;
  readonly #told: Told;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #observer: PushObserver;
  #started = false;
  #stopped = false;
  #flightDue = false;
  #lastFlight = NOTHING;
  #flightAt = Number.NEGATIVE_INFINITY;
  #position = 0;
  /** When the records sent so far are worked off. */
  #busyUntil = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;

  /** @param gateway number of its stream. */
  constructor(gateway: number, told: Told, wire: Wire, clock: Clock, observer: PushObserver) {
    this.#gateway = gateway;
    this.#told = told;
    this.#wire = wire;
    this.#clock = clock;
    this.#observer = observer;
  }

  /**
   * The gateway knows every pool that it wants: it gets all records that are remembered, and from now on what is new.
   * After a later change of what it wants nothing is repeated: it has been sent the records of all pools, and those that
   * its workers had no use for are lost to it.
   */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#position = this.#told.journals.first;
    this.#flightDue = true;
    this.pump();
  }

  /** Ends all waiting. */
  stop(): void {
    this.#stopped = true;
    this.#stopTimer?.();
  }

  /** Requests in flight elsewhere have changed; returns units of the pacer's work done. */
  offerFlight(): number {
    this.#flightDue = true;
    return this.#pumpFlight(false);
  }

  /** Repeats the last FLIGHT where it says something and is growing old. */
  refresh(): void {
    const old = this.#clock.now() - this.#flightAt >= REPEAT_MS;
    if (old && this.#lastFlight.length > NOTHING.length) this.#pumpFlight(true);
  }

  /** Writes what is due, as far as the stream takes it. */
  pump(): void {
    this.#pumpFlight(false);
    this.#pumpJournals();
  }

  get #blocked(): boolean {
    return !this.#started || this.#stopped || this.#wire.waiting() >= WAITING_BYTES_MAX;
  }

  #pumpFlight(repeat: boolean): number {
    if (this.#blocked || !(this.#flightDue || repeat)) return 0;
    this.#flightDue = false;
    const bytes = this.#told.flights.othersOf(this.#gateway);
    if (!repeat && Buffer.compare(bytes, this.#lastFlight) === 0) return 0;
    this.#lastFlight = bytes;
    this.#flightAt = this.#clock.now();
    this.#wire.write("flight", bytes);
    return unitsOf(bytes.length);
  }

  #pumpJournals(): void {
    const { journals } = this.#told;
    while (!this.#blocked) {
      const lost = journals.first - this.#position;
      if (lost > 0) {
        this.#observer.journalsDropped(lost);
        this.#position = journals.first;
      }
      if (this.#position >= journals.next) return;
      const now = this.#clock.now();
      const early = this.#busyUntil - CHUNK_MS - now;
      if (early > 0) {
        this.#wake(Math.ceil(early));
        return;
      }
      const taken = journals.take(this.#position, this.#gateway, JOURNAL_CHUNK);
      if (taken === undefined) return;
      this.#position = taken.next;
      if (taken.frame === undefined) continue;
      this.#busyUntil = Math.max(this.#busyUntil, now) + taken.frame.length * MS_PER_BYTE;
      this.#wire.write("journal", taken.frame);
    }
  }

  #wake(milliseconds: number): void {
    this.#stopTimer ??= this.#clock.after(milliseconds, () => {
      this.#stopTimer = undefined;
      this.#pumpJournals();
    });
  }
}
