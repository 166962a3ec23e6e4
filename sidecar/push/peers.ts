// The other replicas of this sidecar, as the push sees them: something that tells of gateways elsewhere.

import type { Told } from "./relay.ts";

/**
 * The number that peers' records go by, where gateways go by the numbers of their streams, which begin at 1. What peers
 * have in flight goes by numbers below it, one for each.
 */
export const PEERS = 0;

/** What peers are given when the push starts. */
export interface PeerInlet {
  /** What gateways have told, here and, as far as the peers put it there, elsewhere. */
  readonly told: Told;
  /** The peers have put something there, for this sidecar's gateways. */
  readonly flightChanged: () => void;
  readonly journalCame: () => void;
}

/** Who passes on what gateways tell. */
export interface Peers {
  attach(inlet: PeerInlet): void;
  /** Gateways of this sidecar have something else in flight, or have told of records. */
  flightChanged(): void;
  journalCame(): void;
}
