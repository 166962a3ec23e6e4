import type { TlsOptions } from "node:tls";
import { status } from "@grpc/grpc-js";
import { MAX_FRAME_BYTES, MAX_POOLS } from "../../wire/layout.ts";
import type { Observed } from "../../wire/model.ts";
import { type GrpcCall, INTERNAL_DETAILS } from "../grpc/call.ts";
import { openPort, type PortSecurity } from "../grpc/port.ts";
import { type GrpcMethod, GrpcServer } from "../grpc/server.ts";
import type { Ledger } from "../limits/ledger.ts";
import { MemoryLedger } from "../limits/memory-ledger.ts";
import { receiveSpent } from "../limits/receive.ts";
import { receiveObserved } from "../observations/receive.ts";
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
import { type GatewayStream, stateService } from "./service.ts";
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
const PLAINTEXT: PortSecurity = { plaintext: true };

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
  /** Hears what workers tell of their requests; nobody does where left out. */
  readonly observed?: (observed: Observed) => void;
  /** Who keeps budgets of rate limits; this server's memory where left out. */
  readonly budgets?: Ledger;
  /** What else is served at the port. */
  readonly methods?: readonly (readonly [path: string, method: GrpcMethod])[];
  /** Plaintext where left out. */
  readonly security?: PortSecurity;
}

/** What a call is answered with: a frame, or the status that says why there is none. */
export type CallReply = Uint8Array | { readonly code: number; readonly details: string };

/** The running push server. */
export interface PushServer {
  /** The port in use. */
  readonly port: number;
  /** What gateways have told of themselves. */
  readonly told: Told;
  /** Takes another certificate for connections to come. */
  renew(tls: TlsOptions): void;
  /** Serves a gateway within this process as one that has connected. */
  attach(stream: GatewayStream): void;
  /** Answers a call of such a gateway; undefined: there is no such method. */
  call(path: string, frame: Uint8Array): Promise<CallReply> | undefined;
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

  function attach(stream: GatewayStream): void {
    strangers.add(new Gateway(++streams, stream, context));
  }

  const refused = (reason: string): void => observer.refused("up", reason, 1);
  /** What workers call, by path: a frame up, a frame or a status down. */
  const calls: Readonly<Record<string, (frame: Uint8Array) => CallReply | Promise<CallReply>>> = {
    [stateService.Observe.path]: (frame) =>
      receiveObserved(frame, options.observed ?? (() => undefined), refused) ?? NOTHING,
    [stateService.Spend.path]: (frame) => receiveSpent(frame, budgets, refused),
  };

  /** What an error of ours costs: the call that came upon it. */
  function failed(path: string, error: unknown): void {
    const unsaid = quiet.mayI(path);
    if (unsaid !== undefined) log.error({ path, error, unsaid }, "a call could not be served");
  }

  async function answerTo(path: string, frame: Uint8Array): Promise<CallReply> {
    try {
      return await calls[path]!(frame);
    } catch (error) {
      failed(path, error);
      return { code: status.INTERNAL, details: INTERNAL_DETAILS };
    }
  }

  function serveCall(path: string, call: GrpcCall): void {
    let asked = false;
    call.listen({
      async message(frame) {
        asked = true;
        const answer = await answerTo(path, frame);
        if (answer instanceof Uint8Array) {
          call.write(answer);
          call.end();
        } else {
          call.fail(answer.code, answer.details);
        }
      },
      halfClosed() {
        if (!asked) call.fail(status.INVALID_ARGUMENT, "the call has no message");
      },
      closed: () => undefined,
    });
  }

  peers?.attach({ told, flightChanged: () => flightPacer.changed(FLIGHTS), journalCame: pumpJournals });
  const server = new GrpcServer(
    new Map<string, GrpcMethod>([
      [stateService.Stream.path, { serve: attach, mostBytes: MAX_FRAME_BYTES }],
      ...Object.keys(calls).map((path) => {
        return [path, { serve: (call: GrpcCall) => serveCall(path, call), mostBytes: MAX_FRAME_BYTES }] as const;
      }),
      ...(options.methods ?? []),
    ]),
    failed,
  );
  const port = await openPort(options.listen, options.security ?? PLAINTEXT, (socket) => server.connect(socket));
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
    port.close();
    await server.close(grace);
  }

  return {
    port: port.port,
    renew: port.renew,
    told,
    attach,
    call: (path, frame) => (Object.hasOwn(calls, path) ? answerTo(path, frame) : undefined),
    gateways: () => [...gateways].map((gateway) => gateway.status()),
    stop(grace = 2000) {
      stopped ??= stop(grace);
      return stopped;
    },
  };
}
