// What goes up one stream beside HELLO and ACK: FLIGHT with the totals of this Envoy's workers, JOURNAL with their
// records.

import { FLIGHT_BYTES } from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { outgoing } from "./journal.ts";
import { journalFrame } from "./records.ts";
import { totalsFrame, totalsLength, totalsVersion } from "./totals.ts";

/** Changed totals are told at most so often, unchanged ones so often all the same, in microseconds. */
const TOLD_EVERY: u64 = 20_000;
const REPEATED_EVERY: u64 = 1_000_000;

@final
export class Uplink {
  private gateway: u64 = 0;
  private toldVersion: u32 = 0;
  private tellWhole: bool = false; // this stream has not been told anything, and there is something to tell
  private toldAt: u64 = 0;
  private sent: u64 = 0; // sequence up to which records have gone up

  /** A stream begins, on which this Envoy has that number. */
  begin(gateway: u64, now: u64): void {
    this.gateway = gateway;
    this.toldVersion = totalsVersion;
    this.tellWhole = totalsLength() > u32(FLIGHT_BYTES);
    this.toldAt = now;
    this.sent = outgoing.next;
  }

  /** Sends what is due. */
  send(token: u32, now: u64): void {
    this.sendFlight(token, now);
    if (outgoing.next == this.sent) return;
    const length = outgoing.frameSince(this.sent, this.gateway);
    host.sendMessage(token, journalFrame(), length);
    this.sent = outgoing.next;
  }

  private sendFlight(token: u32, now: u64): void {
    const news = this.toldVersion != totalsVersion || this.tellWhole;
    const wait = news ? TOLD_EVERY : REPEATED_EVERY;
    if (now - this.toldAt < wait) return;
    const frame = totalsFrame(this.gateway);
    if (frame == 0) return;
    host.sendMessage(token, frame, totalsLength());
    this.toldVersion = totalsVersion;
    this.tellWhole = false;
    this.toldAt = now;
  }
}
