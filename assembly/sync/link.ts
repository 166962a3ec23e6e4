// The one stream to a sidecar, held by the root context that has the lease: opens it, says HELLO and which pools are in
// use, hands frames to the publisher, answers with ACK, says what this Envoy's workers have in flight and have learned,
// and re-opens it with jittered back-off when it ends or falls silent.

import {
  ACCEPTED, ACK_ACCEPTED, ACK_BYTES, ACK_REASON, ACK_REFUSED, ACK_SEQUENCE, HELLO_GATEWAY, HELLO_NODE,
  HELLO_NODE_LENGTH, HELLO_NODE_MAX, KIND_ACK, KIND_HELLO, MAX_FRAME_BYTES, REFUSED_LENGTH,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { OnceAMinute } from "../abi/once-a-minute.ts";
import { BUFFER_GRPC_RECEIVE } from "../abi/values.ts";
import { count, FRAMES_ACCEPTED, FRAMES_REFUSED, setGauge, STATE_AGE, STREAM_OPEN } from "../metrics.ts";
import { randomBelow } from "../schedule/random.ts";
import { Text, text } from "../text/text.ts";
import { writeHeader } from "../wire/header.ts";
import { grpcService } from "./grpc-service.ts";
import { Publisher } from "./publisher.ts";
import { Uplink } from "./uplink.ts";
import { Want } from "./want.ts";

const SERVICE = text("inlineepp.v1.State");
const METHOD = text("Stream");
const NODE_ID = text("xds\0node\0id");

const FIRST_BACKOFF: u64 = 50_000;
const LAST_BACKOFF: u64 = 1_000_000;
/** The sidecar sends something every second; after this it is taken for dead. */
const SILENCE: u64 = 5_000_000;
const WATCHED_EVERY: u64 = 1_000_000;

const frame: usize = memory.data(320, 8); // HELLO or ACK

@final
export class Link {
  private token: u32 = 0;
  private heardAt: u64 = 0;
  private acceptedAt: u64 = 0; // 0: this worker has not accepted a frame yet
  private nextGauges: u64 = 0;
  private shownOpen: bool = false;
  private nextOpen: u64 = 0;
  private backoff: u64 = FIRST_BACKOFF;
  private accepted: u32 = 0;
  private refused: u32 = 0;
  private reason: i32 = ACCEPTED;
  private ackDue: bool = false;
  private refusalWarning: OnceAMinute = new OnceAMinute();
  private openWarning: OnceAMinute = new OnceAMinute();
  private lostWarning: OnceAMinute = new OnceAMinute();

  private service: Text;
  private publisher: Publisher;
  private uplink: Uplink = new Uplink();

  constructor(
    private cluster: Text,
    authority: Text,
    private want: Want,
  ) {
    this.service = grpcService(cluster, authority);
    this.publisher = new Publisher(cluster, authority);
  }

  /** Opens, watches and acknowledges, as time demands; runs in the context of the root that has the lease. */
  tick(now: u64): void {
    if (this.token == 0) {
      if (now >= this.nextOpen) this.open(now);
      return;
    }
    if (now - this.heardAt > SILENCE) {
      if (this.lostWarning.due(now)) {
        host.logWarn(host.logLine().add("nothing heard from the sidecar for 5 s, opening the stream anew"));
      }
      this.close(now);
      return;
    }
    if (this.ackDue) this.acknowledge();
    this.want.look(now);
    if (this.want.due && this.heard) {
      this.want.send(this.token);
      this.publisher.unsync(now);
    }
    this.publisher.remote.publish(now);
  }

  /**
   * Sends what this Envoy's workers have in flight and have learned, as of the exchange just before, and shows how the
   * stream stands. Nothing goes up before the sidecar has said something: until then Envoy would only heap it up.
   */
  tell(now: u64): void {
    if (this.token != 0 && this.heard) this.uplink.send(this.token, now);
    const open = this.token != 0 && this.accepted != 0;
    if (open == this.shownOpen && now < this.nextGauges) return;
    this.nextGauges = now + WATCHED_EVERY;
    this.show(open);
    const since = this.acceptedAt != 0 ? this.acceptedAt : this.publisher.publishedAt;
    setGauge(STATE_AGE, since != 0 && now > since ? (now - since) / 1_000_000 : 0);
  }

  /** Whether the sidecar has said something on this stream. */
  private get heard(): bool {
    return this.accepted + this.refused != 0;
  }

  /** Shows that no stream is open: nobody may be left to do so. */
  leave(): void {
    this.show(false);
  }

  private show(open: bool): void {
    this.shownOpen = open;
    setGauge(STREAM_OPEN, open ? 1 : 0);
  }

  /** Whether a callback's token is this stream's. */
  owns(token: u32): bool {
    return this.token != 0 && this.token == token;
  }

  /** Takes a frame of `length` bytes that waits in the host's receive buffer. */
  receive(length: u32, now: u64): void {
    this.heardAt = now;
    let reason: i32 = REFUSED_LENGTH;
    if (length <= u32(MAX_FRAME_BYTES) && host.getBuffer(BUFFER_GRPC_RECEIVE, 0, length)) {
      reason = this.publisher.accept(host.resultAt, host.resultLength, now);
    }
    this.ackDue = true;
    if (reason == ACCEPTED) {
      this.accepted++;
      this.acceptedAt = now;
      this.backoff = FIRST_BACKOFF;
      count(FRAMES_ACCEPTED);
      return;
    }
    this.refused++;
    this.reason = reason;
    count(FRAMES_REFUSED);
    if (!this.refusalWarning.due(now)) return;
    host.logWarn(
      host.logLine().add("frame refused, reason ").number(reason).add(" (wire/FORMAT.md), ").number(this.refused)
        .add(" on this stream; the last good state stays"),
    );
  }

  /** The other end has ended the stream, with a gRPC status, or could not be reached. */
  lost(status: u32, now: u64): void {
    if (this.lostWarning.due(now)) {
      host.logWarn(
        host.logLine().add("the state stream to cluster \"").bytes(this.cluster.at, this.cluster.length)
          .add("\" ended with gRPC status ").number(status).add("; the last state serves on, and it is opened anew"),
      );
    }
    this.close(now);
  }

  /** Ends the stream. Also where the other end has: Envoy keeps what a stream holds until it is cancelled here. */
  close(now: u64): void {
    if (this.token == 0) return;
    host.cancelStream(this.token);
    this.token = 0;
    this.backOff(now);
  }

  private backOff(now: u64): void {
    this.nextOpen = now + this.backoff / 2 + u64(randomBelow(u32(this.backoff)));
    this.backoff = min(this.backoff * 2, LAST_BACKOFF);
  }

  private open(now: u64): void {
    this.publisher.begin();
    this.accepted = 0;
    this.refused = 0;
    this.reason = ACCEPTED;
    this.ackDue = false;
    this.heardAt = now;
    this.token = host.openStream(this.service, SERVICE, METHOD);
    if (this.token == 0) {
      this.backOff(now);
      this.warnUnopened(now);
      return;
    }
    this.sendHello(now);
    this.want.look(now);
    if (this.want.due) this.publisher.unsync(now);
    this.want.send(this.token);
  }

  private warnUnopened(now: u64): void {
    if (!this.openWarning.due(now)) return;
    host.logWarn(
      host.logLine().add("cannot open the state stream: does Envoy have the cluster \"")
        .bytes(this.cluster.at, this.cluster.length).add("\" (stateCluster)?"),
    );
  }

  private sendHello(now: u64): void {
    let length: u32 = 0;
    if (host.getProperty(NODE_ID)) {
      length = min(host.resultLength, u32(HELLO_NODE_MAX));
      memory.copy(frame + HELLO_NODE, host.resultAt, length);
    }
    const gateway = host.random();
    this.uplink.begin(gateway, now);
    writeHeader(frame, KIND_HELLO, u32(HELLO_NODE) + length);
    store<u64>(frame, gateway, HELLO_GATEWAY);
    store<u32>(frame, length, HELLO_NODE_LENGTH);
    host.sendMessage(this.token, frame, u32(HELLO_NODE) + length);
  }

  private acknowledge(): void {
    this.ackDue = false;
    writeHeader(frame, KIND_ACK, ACK_BYTES);
    store<u64>(frame, this.publisher.sequence, ACK_SEQUENCE);
    store<u32>(frame, this.accepted, ACK_ACCEPTED);
    store<u32>(frame, this.refused, ACK_REFUSED);
    store<u32>(frame, this.reason, ACK_REASON);
    store<u32>(frame, 0, ACK_REASON + 4);
    host.sendMessage(this.token, frame, ACK_BYTES);
  }
}
