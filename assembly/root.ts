// A root context: one plugin configuration at work. A configuration update makes a new root in the same VM, while
// the old one serves its streams to their end.

import { exchangeQueues, waitingAnywhere } from "./admission/exchange.ts";
import { firstQueue } from "./admission/queue.ts";
import * as host from "./abi/host.ts";
import { BUFFER_PLUGIN_CONFIGURATION } from "./abi/values.ts";
import { parsePluginConfig, PluginConfig } from "./config/plugin-config.ts";
import { xxh64 } from "./hash/xxh64.ts";
import { Table } from "./memory/table.ts";
import { defineMetrics, flushMetrics, IN_FLIGHT, setGauge, WAITING } from "./metrics.ts";
import { configurePrefixIndex } from "./prefix/index.ts";
import { tickQueues } from "./request/dispatch.ts";
import { onGrants } from "./request/granted.ts";
import { releaseOverdue } from "./request/watchdog.ts";
import { Request } from "./request/request.ts";
import { Pool } from "./state/pool.ts";
import { exchangeFlights, takeNumber } from "./sync/flight.ts";
import { hearGrants, hearing, stopHearing } from "./sync/grants.ts";
import { leadsAny, refreshStores, Store, storeOf } from "./sync/store.ts";
import { totalRequests } from "./sync/totals.ts";
import { ALL_POOLS, SAID_EVERY } from "./sync/uses.ts";
import { Line } from "./text/line.ts";

const TICK_MS: u32 = 10;
/** Several roots tick in one VM while old ones drain; what the VM does once per tick is not done for each. */
const SHARED_TICK_EVERY: u64 = 8_000;
/** Another worker may have shown something else meanwhile, so the gauge is set anew though nothing has changed. */
const SHOWN_EVERY: u64 = 1_000_000;

@final
export class Root {
  readonly config: PluginConfig = new PluginConfig();
  id: u32 = 0;
  /** Key of the configured pool; 0: the only one there is, or each request's own. */
  poolKey: u64 = 0;
  /** Held requests for which no body callback has come, oldest first. */
  oldestHeld: Request | null = null;
  newestHeld: Request | null = null;
  /** Whether a held request ever had a body callback: then the host's setting is right. */
  bodySeen: bool = false;
  /** The state that this root picks from; null before a configuration has been accepted. */
  store: Store | null = null;
  /** When the configuration's pools are to be named to the other workers again. */
  private nextSay: u64 = 0;

  /** Reads the configuration of `length` bytes. False: refused, and the log says why. */
  configure(length: u32): bool {
    if (length == 0 || !host.getBuffer(BUFFER_PLUGIN_CONFIGURATION, 0, length)) {
      host.logError(host.logLine().add("configuration refused: it is empty, stateCluster is required"));
      return false;
    }
    error.clear();
    if (!parsePluginConfig(this.config, host.resultAt, host.resultLength, error)) {
      host.logError(host.logLine().add("configuration refused: ").bytes(error.at, error.length));
      return false;
    }
    this.poolKey = this.config.pool.length == 0 ? 0 : xxh64(this.config.pool.at, this.config.pool.length);
    this.store = storeOf(this.config.stateCluster, this.config.authority);
    configurePrefixIndex(this.config.prefixMemory);
    defineMetrics();
    this.sayUses(host.now());
    this.nextSay = 0; // the first tick confirms it
    host.setTickPeriod(TICK_MS);
    return true;
  }

  /** Tells the name of the pool with this key, before a request asks for it. */
  introducePool(key: u64, name: usize, length: u32): void {
    const store = this.store;
    if (store !== null) store.introduce(key, name, length);
  }

  /** A request's pool, as new as there is; null: not usable (yet). */
  freshPool(key: u64): Pool | null {
    const store = this.store;
    return store !== null ? store.freshPool(key) : null;
  }

  /** The same pool as it was last seen: what is read of a request before its decision need not be newer. */
  knownPool(key: u64): Pool | null {
    const store = this.store;
    return store !== null ? store.knownPool(key) : null;
  }

  /**
   * What time demands: the stream, the workers' exchange and the state, the queues, the watchdog.
   */
  tick(): void {
    const store = this.store;
    if (store === null) return;
    const now = host.now();
    if (now >= this.nextSay) this.sayUses(now);
    if (store.holder == 0 || store.holder == this.id) store.tickLink(this.id, now);
    if (now - lastSharedTick >= SHARED_TICK_EVERY) {
      if (hearing == 0 && firstQueue != 0) {
        hearGrants(this.id, takeNumber());
        onGrants(this.id); // those of which the last root was told in vain
      }
      exchange(now);
      tickQueues(this.id, now);
    }
    store.tellSidecar(this.id, now);
    store.observations.tick(this.id, now);
    store.spending.tick(this.id, now);
    releaseOverdue(this, now);
  }

  // Says which pools the configuration names; where it leaves that to requests, any may be asked for.
  private sayUses(now: u64): void {
    const store = this.store!;
    const pools = this.config.pools;
    let said = true;
    if (this.poolKey != 0 || pools.size == 0) said = store.use(this.poolKey == 0 ? ALL_POOLS : this.poolKey, now);
    for (let i: u32 = 0; i < pools.size; i++) {
      if (!store.use(pools.pool(i), now)) said = false;
    }
    this.nextSay = said ? now + SAID_EVERY : now;
  }

  /** The host deletes the root: what it held goes to others. It may be the last to tick, so counts do not wait. */
  close(): void {
    const store = this.store;
    if (store !== null) {
      const now = host.now();
      exchange(now);
      store.leave(this.id, now);
    }
    stopHearing(this.id);
    this.store = null;
    this.bodySeen = false;
  }
}

// What the VM does once, however many roots it has. State is read right after the others' counts, so that a sample's
// baseline is what was in flight when it came, not when a request next asked for it.
function exchange(now: u64): void {
  lastSharedTick = now;
  const leads = leadsAny();
  exchangeFlights(now, leads);
  refreshStores(now);
  flushMetrics();
  exchangeQueues(now, leads);
  const waiting = waitingAnywhere();
  if (!leads || (totalRequests == shownInFlight && waiting == shownWaiting && now < nextShown)) return;
  shownInFlight = totalRequests;
  shownWaiting = waiting;
  nextShown = now + SHOWN_EVERY;
  setGauge(IN_FLIGHT, totalRequests);
  setGauge(WAITING, waiting);
}

let lastSharedTick: u64 = 0;
let shownInFlight: u64 = 0;
let shownWaiting: u32 = 0;
let nextShown: u64 = 0;
const error = new Line();
const roots = new Table();
const unused: Root[] = [];

/** Makes the root of a context id. Envoy announces a root again where it starts the same configuration again. */
export function createRoot(id: u32): void {
  if (roots.get(id) != 0) return;
  const root = unused.length > 0 ? unused.pop() : new Root();
  root.id = id;
  roots.set(id, changetype<usize>(root));
}

/** The root of a context id; null where the id is none of a root. */
export function rootOf(id: u32): Root | null {
  const at = roots.get(id);
  return at == 0 ? null : changetype<Root>(at);
}

/** Ends a root. Its object serves the next one. */
export function deleteRoot(root: Root): void {
  root.close();
  roots.remove(root.id);
  unused.push(root);
}
