import type { Ack } from "../../wire/model.ts";

/** LOADs whose times are kept; at the shortest window, some five seconds of one pool. A power of two. */
const KEPT = 1024n;

/** What an ACK says that the one before did not. */
export interface AckNews {
  /** Milliseconds from writing the acknowledged LOAD; undefined where it is no news or too long ago. */
  readonly latency: number | undefined;
  /** Frames that the gateway has refused since the last ACK. */
  readonly refused: number;
}

/** One stream's account of what was sent and what came back. */
export class Acks {
  readonly #sentAt = new Float64Array(Number(KEPT));
  #sent = 0n;
  #last: Ack = { sequence: 0n, accepted: 0, refused: 0, reason: 0 };
  #latency: number | undefined;

  /** The last ACK; all 0 before the first. */
  get last(): Ack {
    return this.#last;
  }

  /** Milliseconds between the last acknowledged LOAD and its ACK; undefined before the first. */
  get latency(): number | undefined {
    return this.#latency;
  }

  /** A LOAD was written at that time. */
  sent(sequence: bigint, now: number): void {
    this.#sent = sequence;
    this.#sentAt[Number(sequence % KEPT)] = now;
  }

  /** Takes an ACK; undefined where it cannot be one of this stream: it confirms what was not sent, or takes back. */
  take(ack: Ack, now: number): AckNews | undefined {
    const { sequence, refused } = ack;
    if (sequence > this.#sent || sequence < this.#last.sequence || refused < this.#last.refused) return undefined;
    const news = sequence > this.#last.sequence && this.#sent - sequence < KEPT;
    if (news) this.#latency = now - this.#sentAt[Number(sequence % KEPT)]!;
    const more = refused - this.#last.refused;
    this.#last = ack;
    return { latency: news ? this.#latency : undefined, refused: more };
  }
}
