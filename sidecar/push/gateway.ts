import { Metadata, status } from "@grpc/grpc-js";
import { decodeUp, FrameRefused, refusalName, type UpFrame } from "../../wire/decode.ts";
import { REFUSED_EPOCH, REFUSED_KIND, REFUSED_VALUE } from "../../wire/layout.ts";
import type { Ack, Flight, Hello } from "../../wire/model.ts";
import type { Log } from "../observe/log.ts";
import type { Quiet } from "../observe/quiet.ts";
import type { Clock } from "../support/clock.ts";
import { Acks } from "./acks.ts";
import type { FrameCache } from "./frame-cache.ts";
import { Outbox, type Wire } from "./outbox.ts";
import type { DownKind, PushObserver } from "./push-observer.ts";
import { Relay, type Told } from "./relay.ts";
import type { FrameStream } from "./service.ts";

/** Milliseconds that a stream may live without having said HELLO. */
const HELLO_WITHIN_MS = 10_000;

/** What is known of one connected gateway. */
export interface GatewayStatus {
  /** Its random number, 16 hexadecimal digits. */
  readonly gateway: string;
  /** Envoy's node id. */
  readonly node: string;
  /** `ip:port` it connects from. */
  readonly peer: string;
  /** Milliseconds that the stream is open. */
  readonly age: number;
  /** Pools it has been told of. */
  readonly pools: number;
  /** LOADs written, and the last one it has confirmed. */
  readonly sequence: bigint;
  readonly acknowledged: bigint;
  /** Milliseconds between the last confirmed LOAD and its ACK; undefined before the first. */
  readonly latency: number | undefined;
  /** Frames it has accepted and refused, and why the last was. */
  readonly accepted: number;
  readonly refused: number;
  readonly reason: string;
  /** Bytes written that the transport has not taken yet. */
  readonly waiting: number;
}

/** What gateways share. */
export interface GatewayContext {
  readonly frames: FrameCache;
  readonly clock: Clock;
  readonly log: Log;
  readonly quiet: Quiet;
  readonly observer: PushObserver;
  /** Pools at this moment. */
  readonly pools: () => readonly string[];
  /** What gateways have told of themselves. */
  readonly told: Told;
  /** A gateway has told of other requests in flight than before, or of records. */
  readonly flightChanged: () => void;
  readonly journalCame: () => void;
  /** The gateway has said HELLO. */
  readonly joined: (gateway: Gateway) => void;
  /** The stream is over, whether or not it had joined. */
  readonly left: (gateway: Gateway) => void;
}

/** One gateway's stream, from its opening to its end. */
export class Gateway {
  /** Number of the stream: no two of this process have the same. */
  readonly number: number;
  readonly outbox: Outbox;
  readonly relay: Relay;
  readonly #call: FrameStream;
  readonly #context: GatewayContext;
  readonly #acks = new Acks();
  readonly #openedAt: number;
  readonly #peer: string;
  readonly #stopWaiting: () => void;
  #hello: Hello | undefined;
  #waiting = 0;
  #over = false;
  #lastRefusal = "";

  constructor(number: number, call: FrameStream, context: GatewayContext) {
    this.number = number;
    this.#call = call;
    this.#context = context;
    this.#openedAt = context.clock.now();
    this.#peer = call.getPeer();
    const wire: Wire = { waiting: () => this.#waiting, write: (kind, bytes) => this.#write(kind, bytes) };
    this.outbox = new Outbox(context.frames, wire, () => context.observer.skipped());
    this.relay = new Relay(number, context.told, wire, context.clock, context.observer);
    this.#stopWaiting = context.clock.after(HELLO_WITHIN_MS, () => this.#refuseStream());
    call.on("data", (bytes: Buffer) => this.#receive(bytes));
    call.on("end", () => this.end("the gateway ended it, or its connection was lost"));
    call.on("cancelled", () => this.#leave("cancelled"));
    call.on("error", (error) => this.#leave(error.message));
    // Headers go out at once, so that the gateway knows that the stream stands before there is anything to say.
    call.sendMetadata(new Metadata());
  }

  /** What is known of the gateway now. */
  status(): GatewayStatus {
    const { last, latency } = this.#acks;
    return {
      ...this.#names(),
      age: this.#context.clock.now() - this.#openedAt,
      pools: this.outbox.pools,
      sequence: this.outbox.sequence,
      acknowledged: last.sequence,
      latency,
      accepted: last.accepted,
      refused: last.refused,
      reason: last.refused > 0 ? refusalName(last.reason) : "",
      waiting: this.#waiting,
    };
  }

  /** Ends the stream after what has been written; `why` goes into the log. */
  end(why: string): void {
    if (this.#over) return;
    this.#leave(why);
    this.#call.end();
  }

  #names(): { gateway: string; node: string; peer: string } {
    const gateway = (this.#hello?.gateway ?? 0n).toString(16).padStart(16, "0");
    return { gateway, node: this.#hello?.node ?? "", peer: this.#peer };
  }

  #write(kind: DownKind, bytes: Uint8Array): void {
    if (this.#over) return;
    this.#waiting += bytes.length;
    if (kind === "load") this.#acks.sent(this.outbox.sequence, this.#context.clock.now());
    this.#context.observer.pushed(kind, bytes.length);
    this.#call.write(bytes, () => {
      this.#waiting -= bytes.length;
      if (this.#over) return;
      this.outbox.pump();
      this.relay.pump();
    });
    if (kind === "sync") this.relay.start();
  }

  #receive(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.#take(decodeUp(bytes));
    } catch (error) {
      if (!(error instanceof FrameRefused)) throw error;
      this.#refuseFrame(error);
    }
  }

  #take(frame: UpFrame): void {
    if (frame.kind === "hello") {
      this.#greet(frame.hello);
      return;
    }
    if (this.#hello === undefined) throw new FrameRefused(REFUSED_KIND, `${frame.kind} before HELLO`);
    if (frame.kind === "ack") this.#acknowledge(frame.ack);
    else if (frame.kind === "flight") this.#takeFlight(frame.flight);
    else if (frame.kind === "journal") this.#takeJournal(frame);
  }

  #takeFlight(flight: Flight): void {
    this.#checkOwner(flight.owner);
    const { told, clock, flightChanged } = this.#context;
    if (told.flights.report(this.number, flight, clock.now())) flightChanged();
  }

  #takeJournal({ owner, bytes, records }: Extract<UpFrame, { kind: "journal" }>): void {
    this.#checkOwner(owner);
    if (records === 0) return;
    this.#context.told.journals.add(this.number, bytes, records);
    this.#context.journalCame();
  }

  #checkOwner(owner: bigint): void {
    if (owner === this.#hello?.gateway) return;
    throw new FrameRefused(REFUSED_VALUE, `owner ${owner}, which is not the gateway's number`);
  }

  #greet(hello: Hello): void {
    if (this.#hello !== undefined) throw new FrameRefused(REFUSED_KIND, "a second HELLO on one stream");
    this.#hello = hello;
    this.#stopWaiting();
    this.#context.log.info(this.#names(), "gateway connected");
    this.#context.joined(this);
    this.outbox.start(this.#context.pools());
  }

  #acknowledge(ack: Ack): void {
    const { clock, log, quiet, observer } = this.#context;
    const news = this.#acks.take(ack, clock.now());
    if (news === undefined) {
      throw new FrameRefused(REFUSED_VALUE, `ACK of ${ack.sequence}, which cannot follow what was sent and confirmed`);
    }
    if (news.latency !== undefined) observer.acknowledged(news.latency / 1000);
    if (news.refused === 0) return;
    // A reason out of range would make a label of whatever a gateway sends.
    const reason = ack.reason >= 1 && ack.reason <= REFUSED_EPOCH ? refusalName(ack.reason) : "unknown";
    observer.refused("down", reason, news.refused);
    const unsaid = quiet.mayI(`down ${reason}`);
    if (unsaid !== undefined) {
      log.warn({ ...this.#names(), reason, count: news.refused, unsaid }, "gateway refused frames");
    }
  }

  #refuseFrame(refusal: FrameRefused): void {
    const { log, quiet, observer } = this.#context;
    const reason = refusalName(refusal.reason);
    this.#lastRefusal = `${reason} (${refusal.message})`;
    observer.refused("up", reason, 1);
    const unsaid = quiet.mayI(`up ${reason}`);
    if (unsaid !== undefined) {
      log.warn({ ...this.#names(), reason, detail: refusal.message, unsaid }, "frame from gateway refused");
    }
  }

  #refuseStream(): void {
    if (this.#over) return;
    const seen = this.#lastRefusal === "" ? "no frame came" : `the last frame was refused: ${this.#lastRefusal}`;
    const details = `no HELLO within ${HELLO_WITHIN_MS / 1000} s; ${seen}`;
    this.#leave(details);
    this.#call.emit("error", { code: status.INVALID_ARGUMENT, details });
  }

  #leave(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopWaiting();
    this.relay.stop();
    const fields = { ...this.#names(), why, age: Math.round(this.#context.clock.now() - this.#openedAt) };
    if (this.#hello !== undefined) this.#context.log.info(fields, "gateway disconnected");
    else this.#context.log.warn(fields, "stream closed before HELLO");
    this.#context.left(this);
  }
}
