import type { Log } from "../observe/log.ts";
import type { Quiet } from "../observe/quiet.ts";
import type { Clock } from "../support/clock.ts";
import type { FrameCache } from "./frame-cache.ts";
import type { Gateway } from "./gateway.ts";
import type { PushObserver } from "./push-observer.ts";
import type { Told } from "./relay.ts";

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
  /** Pools it has named, or that it wants all to begin with; undefined before it has said so. */
  readonly wants: number | "all" | undefined;
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
  /** The gateway wants something else than before. */
  readonly wantChanged: () => void;
  /** The gateway has said HELLO. */
  readonly joined: (gateway: Gateway) => void;
  /** The stream is over, whether or not it had joined. */
  readonly left: (gateway: Gateway) => void;
}
