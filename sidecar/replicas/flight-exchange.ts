import { encodeFlight } from "../../wire/encode.ts";
import type { Flight } from "../../wire/model.ts";
import { unitsOf } from "../push/outbox.ts";
import { Pacer } from "../push/pacer.ts";
import type { PeerInlet } from "../push/peers.ts";
import type { Clock } from "../support/clock.ts";
import type { Group, Peer } from "./group.ts";
import { encodeFlightMessage } from "./messages.ts";

/** Milliseconds between two messages. */
const WINDOW_MS = 20;
/** Looks after which the sum is told again where it is not empty: boards forget what they were told 3 s ago. */
const REPEAT_LOOKS = 10;
/** What the pacer calls it. */
const OWN = "own";
const NOTHING = encodeFlight({ owner: 0n, entries: [] }).length;

/** Tells peers what this sidecar's gateways have in flight, and puts on the board what theirs have. */
export class FlightExchange {
  readonly #group: Group;
  readonly #clock: Clock;
  readonly #pacer: Pacer;
  #inlet: PeerInlet | undefined;
  #lastLength = NOTHING;
  #lastAt = 0;

  constructor(group: Group, clock: Clock) {
    this.#group = group;
    this.#clock = clock;
    this.#pacer = new Pacer(clock, () => this.#send(), WINDOW_MS);
    group.listen({
      flight: (peer, flight) => this.#heard(peer, flight),
      joined: () => this.changed(),
      left: (peer) => this.#left(peer),
      looked: (looks) => {
        if (this.#lastLength > NOTHING && looks - this.#lastAt >= REPEAT_LOOKS) this.changed();
      },
    });
  }

  attach(inlet: PeerInlet): void {
    this.#inlet = inlet;
  }

  /** Own gateways have something else in flight. */
  changed(): void {
    this.#pacer.changed(OWN);
  }

  stop(): void {
    this.#pacer.stop();
  }

  /** Returns units of the pacer's work done. */
  #send(): number {
    if (this.#inlet === undefined || this.#group.peers === 0) return 0;
    const frame = this.#inlet.told.flights.own();
    this.#lastLength = frame.length;
    this.#lastAt = this.#group.looks;
    this.#group.send("flight", (head) => encodeFlightMessage(frame, head));
    return unitsOf(frame.length);
  }

  #heard(peer: Peer, flight: Flight): void {
    if (this.#inlet?.told.flights.report(peer.number, flight, this.#clock.now())) this.#inlet.flightChanged();
  }

  #left(peer: Peer): void {
    if (this.#inlet?.told.flights.remove(peer.number)) this.#inlet.flightChanged();
  }
}
