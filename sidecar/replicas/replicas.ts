// Several sidecars that serve the same pools, each complete, none a leader: they share the scraping and tell each other
// of requests in flight and of prefixes, through Redis. Where that is away each does everything itself.

import { randomBytes } from "node:crypto";
import type { Ledger } from "../limits/ledger.ts";
import { RedisLedger } from "../limits/redis-ledger.ts";
import type { Log } from "../observe/log.ts";
import type { PeerInlet, Peers } from "../push/peers.ts";
import type { SampleListener, ScrapeOptions, TargetScraper } from "../scrape/scraper.ts";
import type { Clock } from "../support/clock.ts";
import { Counts } from "./counts.ts";
import { defaultGroup, type Served } from "./default-group.ts";
import { FlightExchange } from "./flight-exchange.ts";
import { Group, type Peer } from "./group.ts";
import { JournalExchange } from "./journal-exchange.ts";
import { type RedisAddress, shownAddress } from "./redis-address.ts";
import { RedisLink } from "./redis-link.ts";
import type { Problem } from "./redis-problem.ts";
import type { RedisSession } from "./redis-session.ts";
import { SharedScraper } from "./shared-scraper.ts";

/** Where the replicas meet. */
export interface ReplicaSettings {
  readonly address: RedisAddress;
  /** Read at each connection, in place of the address's password. */
  readonly passwordFile?: string;
  /** Those of one group share; by what is served where left out. */
  readonly group?: string;
}

export interface ReplicaOptions {
  readonly settings: ReplicaSettings;
  /** What this replica serves; names the group where the settings do not. */
  readonly served: Served;
  readonly clock: Clock;
  readonly log: Log;
  /** A number from 0 to 1, below 1; Math.random where left out. */
  readonly random?: () => number;
}

/** What metrics are told. */
export interface ReplicaReport {
  readonly counts: Counts;
  /** Whether what is sent comes back from Redis. */
  readonly connected: boolean;
  /** Replicas that live, this one included. */
  readonly replicas: number;
}

/** This replica among the others. */
export interface Replicas {
  readonly report: ReplicaReport;
  /** For the push server. */
  readonly peers: Peers;
  /** Budgets of rate limits, which all replicas share. */
  readonly budgets: Ledger;
  /** For the state: makes what scrapes this replica's part of the targets. To be called once. */
  makeScraper(onSample: SampleListener, options: ScrapeOptions): TargetScraper;
  /** Says goodbye and leaves. */
  stop(): Promise<void>;
}

const LOST = "Redis is away, this replica scrapes everything itself";
const SILENT: Problem = { kind: "away", text: "what is sent there does not come back" };

/** Logs when the others can be reached, when not and why, once for each change. */
class StateLog {
  readonly #log: Log;
  readonly #fields: object;
  #state: "unknown" | "connected" | Problem["kind"] = "unknown";

  constructor(log: Log, fields: object) {
    this.#log = log;
    this.#fields = fields;
  }

  connected(): void {
    if (this.#state === "connected") return;
    this.#state = "connected";
    this.#log.info(this.#fields, "connected to Redis, work is shared with other replicas");
  }

  lost({ kind, text }: Problem): void {
    if (this.#state === kind) return;
    this.#state = kind;
    this.#log[kind === "away" ? "warn" : "error"]({ ...this.#fields, reason: text }, LOST);
  }
}

/** Begins to look for other replicas; returns at once, whether or not there is a Redis. */
export function startReplicas({ settings, served, clock, log, random = Math.random }: ReplicaOptions): Replicas {
  const { address, group: name = defaultGroup(served), passwordFile } = settings;
  const id = randomBytes(8).readBigUInt64LE();
  const shownId = (replica: bigint): string => replica.toString(16).padStart(16, "0");
  const counts = new Counts();
  const group = new Group(id, clock, counts);
  const flights = new FlightExchange(group, clock);
  const journals = new JournalExchange({ key: `inline-epp:{${name}}:journal`, id, clock, log, counts });
  const budgets = new RedisLedger(`inline-epp:{${name}}:budget:`, log);
  const state = new StateLog(log, { redis: shownAddress(address), group: name, replica: shownId(id) });
  let current: RedisSession | undefined;
  let stopped = false;

  function opened(session: RedisSession): void {
    current = session;
    group.attach({ send: (message) => session.publish(message), dead: () => session.fail(new Error(SILENT.text)) });
    journals.open(session);
    budgets.open(session);
  }

  function lost(problem: Problem): void {
    current = undefined;
    state.lost(problem);
    journals.close();
    budgets.close();
    group.detach();
  }

  const tell = (message: string) => (peer: Peer) => {
    if (!stopped) log.info({ peer: shownId(peer.id), replicas: group.peers + 1 }, message);
  };
  group.listen({
    joined: tell("replica joined"),
    left: tell("replica left"),
    looked: () => journals.renew(),
    connected(isConnected) {
      if (isConnected) {
        link.proven();
        state.connected();
      } else if (current !== undefined && !stopped) {
        state.lost(SILENT);
      }
    },
  });

  const link = new RedisLink({
    address,
    passwordFile,
    // Channels know no databases.
    channel: `inline-epp:{${name}}:${address.database}`,
    clock,
    random,
    onMessage: (message) => group.receive(message),
    onOpen: opened,
    onLost: lost,
  });
  group.start();
  link.start();

  return {
    report: {
      counts,
      get connected() {
        return group.connected;
      },
      get replicas() {
        return group.peers + 1;
      },
    },
    peers: {
      attach(inlet: PeerInlet) {
        flights.attach(inlet);
        journals.attach(inlet);
      },
      flightChanged: () => flights.changed(),
      journalCame: () => journals.changed(),
    },
    budgets,
    makeScraper: (onSample, options) => new SharedScraper(group, onSample, options),
    async stop() {
      stopped = true;
      flights.stop();
      journals.flush();
      journals.close();
      group.stop();
      await link.stop();
    },
  };
}
