// What other gateways have in flight and have learned, as the sidecar relays it. The worker that holds the stream
// publishes it in shared data like one more worker's vector and journal; all workers, itself too, read it there.

import {
  ACCEPTED, FLIGHT_BEAT_AT, FLIGHT_BYTES, FLIGHT_JOURNAL, FLIGHT_OWNER, KIND_FLIGHT,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";
import { countMany, RECORDS_LOST } from "../metrics.ts";
import { Text } from "../text/text.ts";
import { checkFlightDown, isFlight } from "../wire/flight.ts";
import { writeHeader } from "../wire/header.ts";
import { checkJournalDown, firstRecord, journalRecords, nextRecord } from "../wire/journal.ts";
import { takeUp } from "./journal.ts";
import { storeKey } from "./keys.ts";
import { journalFrame, Records } from "./records.ts";

/** The holder's side: publishes what comes down one stream. */
@final
export class RemotePublisher {
  private flightKey: Text;
  private journalKey: Text;
  /** Tells this stream's journal from those before it, which other workers may have written. */
  private owner: u64 = 0;
  private records: Records = new Records();
  private published: u64 = 0;
  private flight: usize = 0;
  private flightCapacity: usize = 0;
  private flightLength: u32 = 0;

  constructor(cluster: Text, authority: Text) {
    this.flightKey = storeKey(cluster, authority, "remote");
    this.journalKey = storeKey(cluster, authority, "remote-journal");
  }

  /** A stream begins. What was published before serves on until it is replaced, or no longer counts. */
  begin(): void {
    do this.owner = host.random();
    while (this.owner == 0);
    this.records.clear();
    this.published = this.records.next;
  }

  /** Takes a FLIGHT behind its header: published at once. Returns ACCEPTED or the reason why it is refused. */
  acceptFlight(frame: usize, length: u32, now: u64): i32 {
    const refused = checkFlightDown(frame, length);
    if (refused != ACCEPTED) return refused;
    this.keep(length);
    memory.copy(this.flight, frame, length);
    store<u64>(this.flight, now, FLIGHT_BEAT_AT);
    this.publishFlight();
    return ACCEPTED;
  }

  /** Takes a JOURNAL behind its header: published with the next publish. Returns ACCEPTED or why it is refused. */
  acceptJournal(frame: usize, length: u32): i32 {
    const refused = checkJournalDown(frame, length);
    if (refused != ACCEPTED) return refused;
    let record = firstRecord(frame);
    for (let i = journalRecords(frame); i > 0; i--) {
      this.records.copy(record);
      record = nextRecord(record);
    }
    return ACCEPTED;
  }

  /** Publishes records that have come since the last time. */
  publish(now: u64): void {
    const records = this.records;
    records.age(now, this.published);
    if (records.next == this.published) return;
    if (records.first > this.published) countMany(RECORDS_LOST, records.first - this.published);
    const length = records.frameSince(records.first, this.owner);
    host.setShared(this.journalKey, journalFrame(), length);
    this.published = records.next;
    if (this.flight == 0) {
      this.keep(FLIGHT_BYTES);
      writeHeader(this.flight, KIND_FLIGHT, FLIGHT_BYTES);
      memory.fill(this.flight + FLIGHT_OWNER, 0, FLIGHT_BYTES - FLIGHT_OWNER);
    }
    this.publishFlight();
  }

  private publishFlight(): void {
    store<u64>(this.flight, this.owner, FLIGHT_OWNER);
    store<u64>(this.flight, this.published, FLIGHT_JOURNAL);
    host.setShared(this.flightKey, this.flight, this.flightLength);
  }

  private keep(length: u32): void {
    if (usize(length) > this.flightCapacity) {
      giveBlock(this.flight, this.flightCapacity);
      this.flight = takeBlock(length);
      this.flightCapacity = blockCapacity(length);
    }
    this.flightLength = length;
  }
}

/** Every worker's side: what it has read of one sidecar's remote journal. */
@final
export class RemoteReader {
  private flightKey: Text;
  private journalKey: Text;
  private owner: u64 = 0;
  private cursor: u64 = 0;

  constructor(cluster: Text, authority: Text) {
    this.flightKey = storeKey(cluster, authority, "remote");
    this.journalKey = storeKey(cluster, authority, "remote-journal");
  }

  /** Reads the vector into the host result; false where there is none. */
  readFlight(): bool {
    return host.getShared(this.flightKey) && isFlight(host.resultAt, host.resultLength);
  }

  /** Takes up what is new in the journal; `flight` is the vector that readFlight has found. */
  readJournal(flight: usize): void {
    const owner = load<u64>(flight, FLIGHT_OWNER);
    const next = load<u64>(flight, FLIGHT_JOURNAL);
    if (owner != this.owner) {
      this.owner = owner;
      this.cursor = 0;
    }
    // What other gateways have learned is theirs to send up.
    if (next > this.cursor) this.cursor = takeUp(this.journalKey, owner, this.cursor, next, false);
  }
}
