// One sidecar's state as this worker sees it: reads what has moved in shared data, when a request needs it.

import * as host from "../abi/host.ts";
import { xxh64 } from "../hash/xxh64.ts";
import { Pool } from "../state/pool.ts";
import { assign, emptyText, sameText, Text } from "../text/text.ts";
import {
  directoryEpoch, directoryPools, directorySynced, DirectoryEntry, entryAt, isDirectory,
} from "./directory.ts";
import { readRemote } from "./flight.ts";
import { FrameReader } from "./frame-reader.ts";
import { storeKey } from "./keys.ts";
import { Lease } from "./lease.ts";
import { Link } from "./link.ts";
import { Observations } from "./observations.ts";
import { PoolView, PoolViews } from "./pool-view.ts";
import { RemoteReader } from "./remote.ts";
import { Spending } from "./spending.ts";
import { SAID_EVERY, Uses } from "./uses.ts";
import { Want } from "./want.ts";

/** Why there is no pool to pick from. */
export const NO_STATE: i32 = 0;
/** The sidecar has named all its pools, and none has this key. */
export const NO_SUCH_POOL: i32 = 1;
/** There are several, and the configuration names none. */
export const SEVERAL_POOLS: i32 = 2;

/** A pool that no request has asked for for this long is no longer kept fresh, in microseconds. */
const KEPT_FOR: u64 = 60_000_000;

@final
export class Store {
  readonly cluster: Text;
  readonly authority: Text;
  /** Hash of the two, the same in all workers. */
  readonly identity: u64;
  readonly link: Link;
  /** What became of requests, on its way to this sidecar. */
  readonly observations: Observations;
  /** Budgets of rate limits, and what of them is on its way to this sidecar. */
  readonly spending: Spending;
  /** Context id of the root that contends for the lease or holds it; 0 none. */
  holder: u32 = 0;
  /** One of NO_STATE, NO_SUCH_POOL, SEVERAL_POOLS: why the last freshPool gave none. */
  reason: i32 = NO_STATE;
  private lease: Lease;
  private epochKey: Text;
  private directoryKey: Text;
  private frames: FrameReader;
  private epoch: u64 = 0;
  private views: PoolViews = new PoolViews();
  private uses: Uses;
  /** Whether a request has asked for the only pool there is. */
  private unnamed: bool = false;
  /** Whether the sidecar has named all its pools: what the directory does not have is not there. */
  private synced: bool = false;
  /**
   * How many pools there are that have all their frames, and which is the only one; 0 where there are none or several.
   */
  private complete: u32 = 0;
  private only: u64 = 0;

  constructor(cluster: Text, authority: Text) {
    const ownCluster = copyOf(cluster); // the caller's texts change with its configuration
    const ownAuthority = copyOf(authority);
    this.cluster = ownCluster;
    this.authority = ownAuthority;
    this.identity = xxh64(cluster.at, cluster.length) * 31 + xxh64(authority.at, authority.length);
    this.epochKey = storeKey(cluster, authority, "epoch");
    this.directoryKey = storeKey(cluster, authority, "directory");
    this.frames = new FrameReader(cluster, authority);
    this.lease = new Lease(storeKey(cluster, authority, "lease"), host.random() | 1);
    const uses = new Uses(cluster, authority);
    this.uses = uses;
    this.link = new Link(ownCluster, ownAuthority, new Want(uses));
    this.observations = new Observations(ownCluster, ownAuthority);
    this.spending = new Spending(ownCluster, ownAuthority);
    readRemote(new RemoteReader(cluster, authority));
    this.observations.store = changetype<usize>(this);
  }

  /** Whether this worker holds the lease, as of its last tick. */
  get leads(): bool {
    return this.lease.held;
  }

  /** Tells the name of a pool that a request asks for, so that it can be told where there is no such pool. */
  introduce(key: u64, name: usize, length: u32): void {
    const view = this.view(key);
    if (view !== null && !view.named) view.setName(name, length);
  }

  /** The pool with this key as it was last seen; null where no request has asked for it. */
  viewOf(key: u64): PoolView | null {
    return this.views.find(key);
  }

  /** Says that this worker uses a pool, or ALL_POOLS, whether requests ask for it or not. False: to be tried again. */
  use(key: u64, now: u64): bool {
    return this.uses.say(key, now);
  }

  /**
   * The pool with this key, as new as shared data has it, for a request that asks for it; key 0: the only pool there
   * is. Null: not usable (yet), and `reason` says why.
   */
  freshPool(key: u64): Pool | null {
    this.reason = NO_STATE;
    this.lookAtEpoch();
    if (key == 0) this.unnamed = true;
    const wanted = key == 0 ? this.only : key;
    if (wanted == 0) {
      if (this.complete > 1) this.reason = SEVERAL_POOLS;
      return null;
    }
    const view = this.view(wanted);
    if (view === null) return null;
    view.kept = true;
    view.asked = true;
    if (view.sayDue) this.sayUse(view);
    if (view.wantRoster == 0) {
      if (this.synced && !view.listed) this.reason = NO_SUCH_POOL;
      return null;
    }
    if (view.outdated) this.frames.read(view, this.epoch);
    return view.pool.usable ? view.pool : null;
  }

  /**
   * The same pool as it was last seen: what is read of a request before its decision need not be newer. Where no
   * request has asked for it lately it is looked up, since the first may have a session or objectives, too.
   */
  knownPool(key: u64): Pool | null {
    const wanted = key == 0 ? this.only : key;
    if (wanted == 0 && this.unnamed) return null;
    const view = this.views.find(wanted);
    if (view === null || !view.kept) return this.freshPool(key);
    return view.pool.usable ? view.pool : null;
  }

  /** Keeps the pools fresh that requests have asked for lately; once per tick. */
  refresh(now: u64): void {
    let looked = false;
    for (let i = 0; i < this.views.size; i++) {
      const view = this.views.view(i);
      if (!view.kept) continue;
      if (view.asked) view.askedAt = now;
      view.asked = false;
      if (now - view.askedAt > KEPT_FOR) {
        view.release();
        continue;
      }
      if (now >= view.nextSay) view.sayDue = true;
      if (view.unconfirmed) view.unconfirmed = !this.uses.say(view.key, now);
      if (!looked) this.lookAtEpoch();
      looked = true;
      if (view.wantRoster != 0 && view.outdated) this.frames.read(view, this.epoch);
    }
    if (this.unnamed && !looked) this.lookAtEpoch();
  }

  /** Keeps the lease and the stream, in the context of the root `id`, which must be the holder or the first to ask. */
  tickLink(id: u32, now: u64): void {
    this.holder = id;
    if (this.lease.tick(now)) this.link.tick(now);
    else this.link.close(now);
  }

  /** Tells the sidecar what the workers have exchanged, in the context of the holder. */
  tellSidecar(id: u32, now: u64): void {
    if (this.holder == id && this.lease.held) this.link.tell(now);
  }

  /**
   * Takes a frame that waits in the host's receive buffer. A thread that stalled may have lost the lease meanwhile;
   * the next tick then ends the stream, since Envoy's must not be cancelled while it delivers.
   */
  receive(length: u32, now: u64): void {
    if (this.lease.tick(now)) this.link.receive(length, now);
  }

  /** A root goes: if it held the lease, others may have it at once. */
  leave(id: u32, now: u64): void {
    this.observations.leave(id);
    this.spending.leave(id);
    if (this.holder != id) return;
    this.link.close(now);
    if (this.lease.held) this.link.leave();
    this.lease.release();
    this.holder = 0;
  }

  // With a new pool's first request, and every ten seconds while requests come.
  private sayUse(view: PoolView): void {
    const now = host.now();
    view.unconfirmed = view.nextSay == 0;
    if (!this.uses.say(view.key, now)) return;
    view.sayDue = false;
    view.nextSay = now + SAID_EVERY;
  }

  private lookAtEpoch(): void {
    if (!host.getShared(this.epochKey) || host.resultLength != 8) return;
    if (load<u64>(host.resultAt) != this.epoch) this.readDirectory();
  }

  private readDirectory(): void {
    if (!host.getShared(this.directoryKey) || !isDirectory(host.resultAt, host.resultLength)) return;
    const directory = host.resultAt;
    const pools = directoryPools(directory);
    const views = this.views;
    this.epoch = directoryEpoch(directory);
    this.synced = directorySynced(directory);
    for (let i = 0; i < views.size; i++) views.view(i).unlist();
    let complete: u32 = 0;
    let last: u64 = 0;
    for (let i: u32 = 0; i < pools; i++) {
      const entry = entryAt(directory, i);
      const view = views.find(entry.pool);
      if (view !== null) want(view, entry);
      if (!isComplete(entry)) continue;
      complete++;
      last = entry.pool;
    }
    this.complete = complete;
    this.only = complete == 1 ? last : 0;
    for (let i = 0; i < views.size; i++) {
      const view = views.view(i);
      if (view.wantRoster == 0 && view.haveRoster != 0) view.drop();
    }
  }

  // The view of a pool, made at the first request for it; null where there is no room.
  private view(key: u64): PoolView | null {
    const found = this.views.find(key);
    if (found !== null) return found;
    const made = this.views.make(key);
    if (made === null) return null;
    if (host.getShared(this.directoryKey) && isDirectory(host.resultAt, host.resultLength)) {
      const entry = entryOf(host.resultAt, key);
      if (changetype<usize>(entry) != 0) want(made, entry);
    }
    return made;
  }
}

// Notes which frames of a pool there are.
function want(view: PoolView, entry: DirectoryEntry): void {
  view.listed = true;
  if (!isComplete(entry)) return;
  view.wantRoster = entry.roster;
  view.wantLoad = entry.load;
  view.wantPlan = entry.plan;
  view.wantPolicy = entry.policy;
}

function isComplete(entry: DirectoryEntry): bool {
  return entry.roster != 0 && entry.load != 0 && entry.plan != 0;
}

function entryOf(directory: usize, pool: u64): DirectoryEntry {
  const pools = directoryPools(directory);
  for (let i: u32 = 0; i < pools; i++) {
    if (entryAt(directory, i).pool == pool) return entryAt(directory, i);
  }
  return changetype<DirectoryEntry>(0);
}

function copyOf(value: Text): Text {
  const copy = emptyText(max<u32>(value.length, 1));
  assign(copy, value.at, value.length);
  return copy;
}

const stores: Store[] = [];

/** The store of a sidecar, made if this VM has none yet; it stays for the VM's life. */
export function storeOf(cluster: Text, authority: Text): Store {
  for (let i = 0; i < stores.length; i++) {
    const known = unchecked(stores[i]);
    if (sameText(known.cluster, cluster) && sameText(known.authority, authority)) return known;
  }
  const made = new Store(cluster, authority);
  stores.push(made);
  return made;
}

/** Keeps the pools of every sidecar fresh. */
export function refreshStores(now: u64): void {
  for (let i = 0; i < stores.length; i++) unchecked(stores[i]).refresh(now);
}

/** Whether this worker holds the lease of any sidecar. */
export function leadsAny(): bool {
  for (let i = 0; i < stores.length; i++) {
    if (unchecked(stores[i]).leads) return true;
  }
  return false;
}
