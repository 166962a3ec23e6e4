import { decodeUp, FrameRefused } from "../../wire/decode.ts";
import * as L from "../../wire/layout.ts";
import type { Log } from "../observe/log.ts";
import { PEERS, type PeerInlet } from "../push/peers.ts";
import type { Clock } from "../support/clock.ts";
import type { Counts } from "./counts.ts";
import { problemOf } from "./redis-problem.ts";
import type { RedisSession, StreamEntry } from "./redis-session.ts";
import { isBefore, StreamBounds } from "./stream-bounds.ts";

/** Milliseconds that records wait for more. */
const WINDOW_MS = 50;
/** Bytes of records in one entry. */
const ENTRY_BYTES = 65_536;
/** Seconds for which the stream outlives the last replica, and milliseconds between renewals. */
const EXPIRE_S = 600;
const RENEW_MS = 60_000;
/** Milliseconds before reading is tried again where it is refused. */
const RETRY_MS = 2000;
const BEGINNING = "0-0";

type Doing = "appending" | "reading";

/** What is needed of a session; one that is over rejects. */
export type JournalSession = Pick<RedisSession, "hasRoom" | "append" | "expire" | "lastId" | "read" | "over">;

export interface JournalExchangeOptions {
  readonly key: string;
  /** This replica's number. */
  readonly id: bigint;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: Counts;
}

/**
 * Appends what this sidecar's gateways have learned to a stream, and takes from it what others have: at first all that
 * the stream holds. The push's journals are the only buffer: what they forget before it could be appended is lost.
 */
export class JournalExchange {
  readonly #options: JournalExchangeOptions;
  readonly #sender: Buffer;
  readonly #bounds = new StreamBounds();
  #inlet: PeerInlet | undefined;
  #session: JournalSession | undefined;
  /** Of the next of the push's journals to append. */
  #position = 0;
  /** Id of the last entry read. */
  #read = BEGINNING;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;
  /** What cannot be done, and the kind of the reason. */
  readonly #troubles = new Map<Doing, string>();

  constructor(options: JournalExchangeOptions) {
    this.#options = options;
    this.#sender = Buffer.alloc(8);
    this.#sender.writeBigUInt64LE(options.id);
  }

  attach(inlet: PeerInlet): void {
    this.#inlet = inlet;
    this.#position = inlet.told.journals.first;
    if (this.#session !== undefined) void this.#follow(this.#session);
  }

  /** There is a session. */
  open(session: JournalSession): void {
    this.#session = session;
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    if (this.#inlet !== undefined) void this.#follow(session);
    this.changed();
  }

  /** There is none any more. */
  close(): void {
    this.#session = undefined;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** Appends at once what waits for more. */
  flush(): void {
    this.#append();
  }

  /** Own gateways have told of records, or what kept them from being appended is over. */
  changed(): void {
    if (this.#session === undefined) return;
    this.#stopTimer ??= this.#options.clock.after(WINDOW_MS, () => {
      this.#stopTimer = undefined;
      this.#append();
    });
  }

  /** To be called now and then: keeps the stream from expiring. */
  renew(): void {
    const { clock, key } = this.#options;
    if (this.#session === undefined || clock.now() - this.#renewedAt < RENEW_MS) return;
    const now = clock.now();
    this.#renewedAt = now;
    this.#session.expire(key, EXPIRE_S).then(
      (isThere) => {
        if (!isThere && this.#renewedAt === now) this.#renewedAt = Number.NEGATIVE_INFINITY;
      },
      (error) => this.#failed("appending", error),
    );
  }

  #append(): void {
    const { counts, key } = this.#options;
    const session = this.#session;
    const journals = this.#inlet?.told.journals;
    if (session === undefined || journals === undefined) return;
    // Who cannot read does not know what is in the stream, and could only let it grow.
    if (this.#troubles.has("reading")) return;
    const lost = journals.first - this.#position;
    if (lost > 0) {
      counts.dropped.journal += lost;
      this.#position = journals.first;
    }
    while (session.hasRoom) {
      const taken = journals.take(this.#position, PEERS, ENTRY_BYTES);
      if (taken === undefined) {
        this.renew();
        return;
      }
      this.#position = taken.next;
      if (taken.frame === undefined) continue;
      counts.sent.journal++;
      const fields = { r: this.#sender, j: Buffer.from(taken.frame) };
      session.append(key, fields, this.#bounds.oldest).then(
        () => this.#went("appending"),
        (error) => {
          counts.dropped.journal++;
          this.#failed("appending", error);
        },
      );
    }
    // Redis is slow; the rest waits where it is.
    this.changed();
  }

  async #follow(session: JournalSession): Promise<void> {
    const { key } = this.#options;
    let isFirst = true;
    while (this.#session === session) {
      try {
        if (isFirst) await this.#findPlace(session);
        isFirst = false;
        const entries = await session.read(key, this.#read);
        if (this.#session !== session) return;
        for (const entry of entries) this.#take(entry);
        if (entries.length > 0) this.#inlet?.journalCame();
        this.#went("reading");
      } catch (error) {
        this.#failed("reading", error as Error);
        await Promise.race([new Promise<void>((done) => this.#options.clock.after(RETRY_MS, done)), session.over]);
      }
    }
  }

  /** Where the stream ends before what was read last, it is another one: Redis has lost it, or takes it from a copy. */
  async #findPlace(session: JournalSession): Promise<void> {
    const last = await session.lastId(this.#options.key);
    if (last !== undefined && !isBefore(last, this.#read)) return;
    this.#read = BEGINNING;
    this.#bounds.clear();
  }

  #take({ id, fields }: StreamEntry): void {
    const { counts } = this.#options;
    this.#read = id;
    const { r, j } = fields;
    this.#bounds.add(id, j?.length ?? 0);
    if (r?.equals(this.#sender)) return;
    try {
      const read = decodeUp(j ?? Buffer.alloc(0));
      if (r?.length !== 8 || read.kind !== "journal") {
        counts.refused.value++;
        return;
      }
      counts.received.journal++;
      this.#inlet?.told.journals.add(PEERS, read.bytes, read.records);
    } catch (error) {
      if (!(error instanceof FrameRefused)) throw error;
      counts.refused[error.reason === L.REFUSED_VERSION ? "version" : "value"]++;
    }
  }

  #went(doing: Doing): void {
    if (!this.#troubles.delete(doing)) return;
    if (doing === "reading") this.changed();
    if (this.#troubles.size > 0) return;
    this.#options.log.info({ key: this.#options.key }, "prefixes are exchanged with other replicas again");
  }

  /** Trouble with the connection is the session's to tell. */
  #failed(doing: Doing, error: Error): void {
    const { kind, text } = problemOf(error);
    if (kind === "away" || kind === this.#troubles.get(doing)) return;
    this.#troubles.set(doing, kind);
    const fields = { key: this.#options.key, failed: doing, reason: text };
    this.#options.log.error(fields, "prefixes are not exchanged with other replicas");
  }
}
