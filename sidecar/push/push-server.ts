import type { Server } from "@grpc/grpc-js";
import { MAX_FRAME_BYTES, MAX_POOLS } from "../../wire/layout.ts";
import type { Observed } from "../../wire/model.ts";
import type { Ledger } from "../limits/ledger.ts";
import { MemoryLedger } from "../limits/memory-ledger.ts";
import { receiveSpent } from "../limits/receive.ts";
import { receiveObserved } from "../observations/receive.ts";
import { listenGrpc } from "../observe/grpc-listener.ts";
import type { Listen } from "../observe/listen-error.ts";
import type { Log } from "../observe/log.ts";
import { Quiet } from "../observe/quiet.ts";
import type { PolicySource, PoolChange, PoolSource } from "../state/source.ts";
import { type Clock, every } from "../support/clock.ts";
import { Demand } from "./demand.ts";
import { FlightBoard } from "./flight-board.ts";
import { FrameCache } from "./frame-cache.ts";
import { Gateway } from "./gateway.ts";
import type { GatewayContext, GatewayStatus } from "./gateway-context.ts";
import { JournalMemory } from "./journal-memory.ts";
import { Pacer } from "./pacer.ts";
import type { Peers } from "./peers.ts";
import type { PlanSource } from "./plan-source.ts";
import type { PushObserver } from "./push-observer.ts";
import type { Told } from "./relay.ts";
import { type FrameCall, type FrameReply, type FrameStream, stateService } from "./service.ts";
import { AT_FIRST, IN_FULL, type LoadFor, NOBODY, UNWANTED } from "./wants.ts";

/** Milliseconds between BEATs. */
const BEAT_MS = 1000;
/**
 * Ages grow while nothing changes, so a gateway hears of each pool at least once a second: a LOAD of this age is
 * renewed. The rest of the second is for the next look and for the pacer to get through the most pools there may be.
 */
const REFRESH_MS = 600;
const REFRESH_LOOK_MS = 100;
/** Milliseconds between two FLIGHTs to a gateway. */
const FLIGHT_WINDOW_MS = 20;
/** What the flights' pacer calls them; they belong to no pool. */
const FLIGHTS = "flights";

const NOTHING = new Uint8Array();

const SERVER_OPTIONS = {
  // A gateway that is gone without a word is noticed within 15 s: a ping after 10 s, 5 s for the answer.
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
  "grpc.max_receive_message_length": MAX_FRAME_BYTES,
};

/** What the push server needs. */
export interface PushServerOptions {
  readonly source: PoolSource & PolicySource;
  readonly plans: PlanSource;
  readonly listen: Listen;
  readonly clock: Clock;
  readonly log: Log;
  readonly observer: PushObserver;
  /** The other replicas of this sidecar; none where left out. */
  readonly peers?: Peers;
  /** Adds what else gateways find at this port. */
  readonly addServices?: (server: Server) => void;
  /** Hears what workers tell of their requests; nobody does where left out. */
  readonly observed?: (observed: Observed) => void;
  /** Who keeps budgets of rate limits; this server's memory where left out. */
  readonly budgets?: Ledger;
}

/** The running push server. */
export interface PushServer {
  /** The port in use. */
  readonly port: number;
  /** What gateways have told of themselves. */
  readonly told: Told;
  /** Connected gateways that have said HELLO, in the order of their coming. */
  gateways(): GatewayStatus[];
  /** Ends all streams and closes; what has not ended after so many milliseconds is cut off. */
  stop(graceMilliseconds?: number): Promise<void>;
}

/**
 * Serves endpoint state and plans to gateways, to each of the pools that it says it wants: first all, then changes.
 * @throws ListenError where the port cannot be had.
 */
export async function startPushServer(options: PushServerOptions): Promise<PushServer> {
  const { source, plans, clock, log, observer, peers, budgets = new MemoryLedger(clock) } = options;
  const quiet = new Quiet(clock);
  /** Streams that have not said HELLO, and those that have. */
  const strangers = new Set<Gateway>();
  const gateways = new Set<Gateway>();
  const demand = new Demand(gateways);
  const told: Told = { flights: new FlightBoard(), journals: new JournalMemory() };
  let streams = 0;

  const frames = new FrameCache(source, plans, clock, (pool, error) => {
    observer.refused("down", "encode", 1);
    const unsaid = quiet.mayI("encode");
    if (unsaid !== undefined) log.error({ pool, error, unsaid }, "state does not fit the wire format, not pushed");
  });

  function offer(pool: string, from: LoadFor): number {
    let units = 0;
    for (const gateway of gateways) units += gateway.outbox.offer(pool, from);
    return units;
  }

  /** Pools of which other endpoints take requests than before: that is for those too who do not want every sample. */
  const readyChanged = new Set<string>();
  const pacer = new Pacer(clock, (pool) => {
    const from = readyChanged.delete(pool) ? AT_FIRST : IN_FULL;
    if (demand.degree(pool) >= from) frames.cut(pool);
    return offer(pool, from);
  });

  const flightPacer = new Pacer(
    clock,
    () => {
      let units = 0;
      for (const gateway of gateways) units += gateway.relay.offerFlight();
      return units;
    },
    FLIGHT_WINDOW_MS,
  );

  /** Own gateways have something else in flight, which is for the others of them and for the peers. */
  function flightChanged(): void {
    flightPacer.changed(FLIGHTS);
    peers?.flightChanged();
  }

  function pumpJournals(): void {
    for (const gateway of gateways) gateway.relay.pump();
  }

  function look(): void {
    if (told.flights.expire(clock.now())) flightChanged();
    for (const gateway of gateways) gateway.relay.refresh();
    pacer.refresh(
      source.pools().filter((pool) => demand.degree(pool) === IN_FULL),
      REFRESH_MS,
    );
  }

  function poolChanged({ kind, pool }: PoolChange): void {
    if (kind === "gone") {
      pacer.forget(pool);
      frames.forget(pool);
      readyChanged.delete(pool);
      offer(pool, NOBODY);
      demand.forget(pool);
    } else if (kind === "roster" || kind === "ready") {
      if (demand.degree(pool) === UNWANTED) return;
      if (kind === "ready") readyChanged.add(pool);
      pacer.changed(pool, true);
    } else if (kind === "policies") {
      offer(pool, NOBODY);
    } else if (demand.degree(pool) === IN_FULL) {
      pacer.changed(pool, false);
    }
  }

  function beat(): void {
    for (const gateway of gateways) gateway.outbox.beat();
    const pools = source.pools().length;
    const allWanted = [...gateways].some((gateway) => gateway.status().wants === "all");
    if (allWanted && pools > MAX_POOLS && quiet.mayI("pools") !== undefined) {
      log.error({ pools, pushed: MAX_POOLS }, "too many pools, gateways that want all are told of so many only");
    }
  }

  const context: GatewayContext = {
    frames,
    clock,
    log,
    quiet,
    observer,
    pools: () => source.pools(),
    told,
    wantChanged: () => demand.changed(),
    flightChanged,
    journalCame() {
      pumpJournals();
      peers?.journalCame();
    },
    joined(gateway) {
      strangers.delete(gateway);
      gateways.add(gateway);
      observer.gateways(gateways.size);
    },
    left(gateway) {
      strangers.delete(gateway);
      if (gateways.delete(gateway)) observer.gateways(gateways.size);
      demand.changed();
      if (told.flights.remove(gateway.number)) flightChanged();
    },
  };

  peers?.attach({ told, flightChanged: () => flightPacer.changed(FLIGHTS), journalCame: pumpJournals });
  const listener = await listenGrpc(options.listen, SERVER_OPTIONS, (server) => {
    server.addService(stateService, {
      Stream: (call: FrameStream) => {
        strangers.add(new Gateway(++streams, call, context));
      },
      Spend: async (call: FrameCall, reply: FrameReply) => {
        const answer = await receiveSpent(call.request, budgets, (reason) => observer.refused("up", reason, 1));
        if (answer instanceof Uint8Array) reply(null, answer);
        else reply(answer);
      },
      Observe: (call: FrameCall, reply: FrameReply) => {
        const refused = (reason: string): void => observer.refused("up", reason, 1);
        const failure = receiveObserved(call.request, options.observed ?? (() => undefined), refused);
        if (failure === undefined) reply(null, NOTHING);
        else reply(failure);
      },
    });
    options.addServices?.(server);
  });
  const endings = [
    source.subscribe(poolChanged),
    plans.subscribe(() => {
      for (const pool of source.pools()) offer(pool, NOBODY);
    }),
    every(clock, BEAT_MS, beat),
    every(clock, REFRESH_LOOK_MS, look),
    () => pacer.stop(),
  ];

  let stopped: Promise<void> | undefined;
  async function stop(grace: number): Promise<void> {
    for (const end of endings) end();
    for (const gateway of [...gateways, ...strangers]) gateway.end("this sidecar stops");
    flightPacer.stop(); // gateways that leave are news for those that have not yet
    await listener.close(grace);
  }

  return {
    port: listener.port,
    told,
    gateways: () => [...gateways].map((gateway) => gateway.status()),
    stop(grace = 2000) {
      stopped ??= stop(grace);
      return stopped;
    },
  };
}
