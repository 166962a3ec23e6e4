import type { DiscoveredPool } from "../../sidecar/discovery/pool.ts";
import { defaultConfig } from "../../sidecar/epp-config/default-config.ts";
import { LivePlans } from "../../sidecar/epp-config/live-plans.ts";
import { createLogger } from "../../sidecar/observe/log.ts";
import type { DownKind, PushObserver } from "../../sidecar/push/push-observer.ts";
import { type PushServer, startPushServer } from "../../sidecar/push/push-server.ts";
import type { Signals } from "../../sidecar/scrape/signals.ts";
import { Pools } from "../../sidecar/state/pools.ts";
import type { PolicySource, PoolSource } from "../../sidecar/state/source.ts";
import { targetOf } from "../../sidecar/state/target.ts";
import { systemClock } from "../../sidecar/support/clock.ts";
import { turned } from "./push-pools.ts";

const FRESH_FOR_MS = 2000;
const STEP_MS = 5;

const SIGNALS: Signals = {
  ...{ waiting: 3, running: 20, kvUsage: 0.4, blockSize: 16, blockCount: 20_000, maxAdapters: 4 },
  ...{ runningAdapters: ["adapter-1", "adapter-2"], waitingAdapters: [] },
};

/** The part of a sidecar that pushes, over pools whose endpoints are scraped as a timer says. */
export class PushRig {
  readonly pools: Pools;
  #discovered: readonly DiscoveredPool[];
  readonly #targets: readonly string[];
  #server: PushServer | undefined;
  #frames = 0;
  /** A pool whose next LOAD is waited for, whether it has been made, and who waits. */
  #awaited: { readonly pool: string; made: boolean; readonly written: () => void } | undefined;

  constructor(discovered: readonly DiscoveredPool[]) {
    this.#discovered = discovered;
    // One of each pool in turn, so that a pool's scrapes are spread as all are.
    const rows = discovered[0]!.endpoints.map((_, row) => discovered.map(({ endpoints }) => endpoints[row]!));
    this.#targets = rows.flat().map((endpoint) => targetOf(endpoint).key);
    this.pools = new Pools({ clock: systemClock, startedAt: 1, freshFor: FRESH_FOR_MS, random: () => 0.5 });
    this.pools.replace(discovered);
    for (const target of this.#targets) this.pools.record(target, SIGNALS, systemClock.now());
  }

  async start(): Promise<void> {
    const observer: PushObserver = {
      pushed: (kind) => this.#pushed(kind),
      skipped() {},
      journalsDropped() {},
      acknowledged() {},
      refused(direction, reason) {
        throw new Error(`a frame was refused: ${direction} ${reason}`);
      },
      gateways() {},
    };
    const source: PoolSource & PolicySource = {
      policies: (pool) => this.pools.policies(pool),
      pools: () => this.pools.pools(),
      roster: (pool) => this.pools.roster(pool),
      load: (pool, sequence, sentAt) => {
        if (this.#awaited?.pool === pool) this.#awaited.made = true;
        return this.pools.load(pool, sequence, sentAt);
      },
      subscribe: (listener) => this.pools.subscribe(listener),
    };
    this.#server = await startPushServer({
      ...{ source, plans: new LivePlans(defaultConfig().config), clock: systemClock, observer },
      ...{ listen: { host: "127.0.0.1", port: 0, flag: "" }, log: createLogger("silent", "json") },
    });
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Frames written so far. */
  get frames(): number {
    return this.#frames;
  }

  /** Has every endpoint scraped so often a second, evenly spread, until the returned call. */
  scrape(perSecond: number): () => void {
    const start = systemClock.now();
    let done = 0;
    const timer = setInterval(() => {
      const due = ((systemClock.now() - start) / 1000) * perSecond * this.#targets.length;
      for (; done < due; done++) {
        this.pools.record(this.#targets[done % this.#targets.length]!, SIGNALS, systemClock.now());
      }
    }, STEP_MS);
    return () => clearInterval(timer);
  }

  /** Turns the readiness of one endpoint over; resolves with the milliseconds until the LOAD that says so is written. */
  turn(turn: number): Promise<number> {
    const pool = (turn * 37) % this.#discovered.length;
    const { name, endpoints } = this.#discovered[pool]!;
    this.#discovered = turned(this.#discovered, pool, (turn * 13) % endpoints.length);
    const start = systemClock.now();
    return new Promise((resolve) => {
      this.#awaited = { pool: name, made: false, written: () => resolve(systemClock.now() - start) };
      this.pools.replace(this.#discovered);
    });
  }

  async stop(): Promise<void> {
    await this.#server?.stop(100);
  }

  #pushed(kind: DownKind): void {
    this.#frames++;
    if (kind !== "load" || !this.#awaited?.made) return;
    const { written } = this.#awaited;
    this.#awaited = undefined;
    written();
  }
}
