import { status } from "@grpc/grpc-js";
import { decodeUp, FrameRefused, refusalName, type UpFrame } from "../../wire/decode.ts";
import { REFUSED_EPOCH, REFUSED_KIND, REFUSED_VALUE } from "../../wire/layout.ts";
import type { Ack, Flight, Hello, Want } from "../../wire/model.ts";
import { Acks } from "./acks.ts";
import type { GatewayContext, GatewayStatus } from "./gateway-context.ts";
import { Outbox, type Wire } from "./outbox.ts";
import type { DownKind } from "./push-observer.ts";
import { Relay } from "./relay.ts";
import type { GatewayStream } from "./service.ts";
import { WantLog } from "./want-log.ts";
import { Wants } from "./wants.ts";

/** Milliseconds that a stream may live without having said HELLO, and that a gateway has from there to WANT. */
const HELLO_WITHIN_MS = 10_000;
const WANT_WITHIN_MS = 10_000;
/**
 * Milliseconds of a gateway's time that a WANT takes up, and how many may come ahead of it. Each is a look at all pools,
 * and a gateway that cannot make up its mind must not keep the others waiting: of too many the last one counts.
 */
const WANT_MS = 20;
const WANTS_AHEAD = 10;

/** One gateway's stream, from its opening to its end. */
export class Gateway {
  /** Number of the stream: no two of this process have the same. */
  readonly number: number;
  readonly outbox: Outbox;
  readonly relay: Relay;
  readonly #call: GatewayStream;
  readonly #context: GatewayContext;
  readonly #acks = new Acks();
  readonly #openedAt: number;
  readonly #peer: string;
  readonly #wantLog: WantLog;
  #stopWaiting: () => void;
  #stopWanting: (() => void) | undefined;
  #hello: Hello | undefined;
  /** What it has said last that it wants, and what it is served by. */
  #want: Want | undefined;
  #wants: Wants | undefined;
  /** When the WANTs so far are paid for. */
  #wantsPaidAt = Number.NEGATIVE_INFINITY;
  #waiting = 0;
  #over = false;
  #lastRefusal = "";

  constructor(number: number, call: GatewayStream, context: GatewayContext) {
    this.number = number;
    this.#call = call;
    this.#context = context;
    this.#openedAt = context.clock.now();
    this.#peer = call.peer;
    const wire: Wire = { waiting: () => this.#waiting, write: (kind, bytes) => this.#write(kind, bytes) };
    this.outbox = new Outbox(context.frames, wire, new Wants(), () => context.observer.skipped());
    this.relay = new Relay(number, context.told, wire, context.clock, context.observer);
    this.#wantLog = new WantLog(context.log, context.clock);
    this.#stopWaiting = context.clock.after(HELLO_WITHIN_MS, () => this.#refuseStream());
    call.listen({
      message: (bytes) => this.#receive(bytes),
      halfClosed: () => this.end("the gateway ended it, or its connection was lost"),
      closed: () => this.#leave("cancelled"),
    });
    call.begin();
  }

  /** What is known of the gateway now. */
  status(): GatewayStatus {
    const { last, latency } = this.#acks;
    return {
      ...this.#names(),
      age: this.#context.clock.now() - this.#openedAt,
      wants: this.#wants?.all ? "all" : this.#wants?.count,
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
    else if (frame.kind === "want") this.#takeWant(frame.want);
    else if (frame.kind === "flight") this.#takeFlight(frame.flight);
    else if (frame.kind === "journal") this.#takeJournal(frame);
  }

  #takeWant(want: Want): void {
    this.#stopWaiting();
    this.#want = want;
    const { clock } = this.#context;
    const wait = this.#wantsPaidAt - WANTS_AHEAD * WANT_MS - clock.now();
    if (this.#stopWanting === undefined && wait <= 0) this.#serveWant();
    else this.#stopWanting ??= clock.after(wait, () => this.#serveWant());
  }

  #serveWant(): void {
    const { clock, pools, wantChanged } = this.#context;
    this.#stopWanting = undefined;
    this.#wantsPaidAt = Math.max(this.#wantsPaidAt, clock.now()) + WANT_MS;
    this.#wants = new Wants(this.#want);
    this.outbox.want(this.#wants, pools());
    wantChanged();
    this.#wantLog.wants(this.#names(), this.#wants, pools());
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
    const { clock, log } = this.#context;
    log.info(this.#names(), "gateway connected");
    this.#stopWaiting = clock.after(WANT_WITHIN_MS, () => {
      log.warn(this.#names(), `no WANT within ${WANT_WITHIN_MS / 1000} s of HELLO; the gateway is told of no pool`);
    });
    this.#context.joined(this);
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
    this.#call.fail(status.INVALID_ARGUMENT, details);
  }

  #leave(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#stopWaiting();
    this.#stopWanting?.();
    this.relay.stop();
    const fields = { ...this.#names(), why, age: Math.round(this.#context.clock.now() - this.#openedAt) };
    if (this.#hello !== undefined) this.#context.log.info(fields, "gateway disconnected");
    else this.#context.log.warn(fields, "stream closed before HELLO");
    this.#context.left(this);
  }
}
