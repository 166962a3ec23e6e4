// One sidecar's state as this worker sees it: reads what has moved in shared data, when a request needs it.

import { ACCEPTED } from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { Table } from "../memory/table.ts";
import { Pool } from "../state/pool.ts";
import { assign, emptyText, sameText, Text } from "../text/text.ts";
import { checkHeader, frameEpoch } from "../wire/header.ts";
import { checkLoad, loadEndpoints } from "../wire/load.ts";
import { checkPlan } from "../wire/plan.ts";
import { checkRoster, rosterEndpoints } from "../wire/roster.ts";
import { directoryEpoch, directoryPools, DirectoryEntry, entryAt, isDirectory } from "./directory.ts";
import { readRemote, recountOthers } from "./flight.ts";
import { frameKey, renumber, storeKey } from "./keys.ts";
import { Lease } from "./lease.ts";
import { Link } from "./link.ts";
import { RemoteReader } from "./remote.ts";

/** Why there is no pool to pick from. */
export const NO_STATE: i32 = 0;
/** There are pools, but none with this key. */
export const NO_SUCH_POOL: i32 = 1;
/** There are several, and the configuration names none. */
export const SEVERAL_POOLS: i32 = 2;

/** A pool and which of its frames this worker has, against which there are. */
@final
export class PoolView {
  readonly pool: Pool = new Pool();
  wantRoster: u64 = 0;
  wantLoad: u64 = 0;
  wantPlan: u64 = 0;
  haveRoster: u64 = 0;
  haveLoad: u64 = 0;
  havePlan: u64 = 0;
  /** Whether the directory has it, complete or not. */
  listed: bool = false;
  /** Epoch at which reading last failed to give a matching pair; not tried again before the epoch moves. */
  triedAt: u64 = 0;

  constructor(readonly key: u64) {}
}

@final
export class Store {
  readonly cluster: Text;
  readonly authority: Text;
  readonly link: Link;
  /** Context id of the root that contends for the lease or holds it; 0 none. */
  holder: u32 = 0;
  /** One of NO_STATE, NO_SUCH_POOL, SEVERAL_POOLS: why the last freshPool gave none. */
  reason: i32 = NO_STATE;
  private lease: Lease;
  private epochKey: Text;
  private directoryKey: Text;
  private rosterKey: Text;
  private loadKey: Text;
  private planKey: Text;
  private epoch: u64 = 0;
  private views: Table = new Table();
  private viewList: PoolView[] = [];
  /** How many pools there are that have all their frames, and which is the only one; 0 where there are none or several. */
  private complete: u32 = 0;
  private only: u64 = 0;

  constructor(cluster: Text, authority: Text) {
    const ownCluster = copyOf(cluster); // the caller's texts change with its configuration
    const ownAuthority = copyOf(authority);
    this.cluster = ownCluster;
    this.authority = ownAuthority;
    this.epochKey = storeKey(cluster, authority, "epoch");
    this.directoryKey = storeKey(cluster, authority, "directory");
    this.rosterKey = frameKey(cluster, authority, "roster/", 0);
    this.loadKey = frameKey(cluster, authority, "load/", 0);
    this.planKey = frameKey(cluster, authority, "plan/", 0);
    this.lease = new Lease(storeKey(cluster, authority, "lease"), host.random() | 1);
    this.link = new Link(ownCluster, ownAuthority);
    readRemote(new RemoteReader(cluster, authority));
  }

  /** Whether this worker holds the lease, as of its last tick. */
  get leads(): bool {
    return this.lease.held;
  }

  /**
   * The pool with this key, as new as shared data has it; key 0: the only pool there is. Null: not usable (yet), and
   * `reason` says why.
   */
  freshPool(key: u64): Pool | null {
    this.reason = NO_STATE;
    if (host.getShared(this.epochKey) && host.resultLength == 8) {
      const epoch = load<u64>(host.resultAt);
      if (epoch != this.epoch) this.readDirectory();
    }
    const wanted = key == 0 ? this.only : key;
    if (wanted == 0) {
      if (this.complete > 1) this.reason = SEVERAL_POOLS;
      return null;
    }
    const view = this.view(wanted);
    if (view.wantRoster == 0) {
      if (this.complete > 0 && !view.listed) this.reason = NO_SUCH_POOL;
      return null;
    }
    if (view.wantRoster != view.haveRoster || view.wantLoad != view.haveLoad || view.wantPlan != view.havePlan) {
      this.readFrames(view);
    }
    return view.pool.usable ? view.pool : null;
  }

  /** The same pool as it was last seen, without a look whether it has changed; null where freshPool found none. */
  knownPool(key: u64): Pool | null {
    const at = this.views.get(key == 0 ? this.only : key);
    if (at == 0) return null;
    const pool = changetype<PoolView>(at).pool;
    return pool.usable ? pool : null;
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
    if (this.holder != id) return;
    this.link.close(now);
    if (this.lease.held) this.link.leave();
    this.lease.release();
    this.holder = 0;
  }

  private readDirectory(): void {
    if (!host.getShared(this.directoryKey) || !isDirectory(host.resultAt, host.resultLength)) return;
    const directory = host.resultAt;
    const pools = directoryPools(directory);
    this.epoch = directoryEpoch(directory);
    for (let i = 0; i < this.viewList.length; i++) this.unlist(unchecked(this.viewList[i]));
    let complete: u32 = 0;
    let last: u64 = 0;
    for (let i: u32 = 0; i < pools; i++) {
      const entry = entryAt(directory, i);
      const at = this.views.get(entry.pool);
      if (at != 0) this.want(changetype<PoolView>(at), entry);
      if (!isComplete(entry)) continue;
      complete++;
      last = entry.pool;
    }
    this.complete = complete;
    this.only = complete == 1 ? last : 0;
    if (this.only != 0) this.want(this.view(this.only), entryOf(directory, this.only));
    for (let i = 0; i < this.viewList.length; i++) {
      const view = unchecked(this.viewList[i]);
      if (view.wantRoster != 0 || view.haveRoster == 0) continue;
      view.pool.clear();
      view.haveRoster = view.haveLoad = view.havePlan = 0;
    }
  }

  private unlist(view: PoolView): void {
    view.listed = false;
    view.wantRoster = 0;
  }

  private want(view: PoolView, entry: DirectoryEntry): void {
    view.listed = true;
    if (!isComplete(entry)) return;
    view.wantRoster = entry.roster;
    view.wantLoad = entry.load;
    view.wantPlan = entry.plan;
  }

  // The view of a pool, made at the first request for it.
  private view(key: u64): PoolView {
    const at = this.views.get(key);
    if (at != 0) return changetype<PoolView>(at);
    const view = new PoolView(key);
    this.views.set(key, changetype<usize>(view));
    this.viewList.push(view);
    if (host.getShared(this.directoryKey) && isDirectory(host.resultAt, host.resultLength)) {
      const entry = entryOf(host.resultAt, key);
      if (changetype<usize>(entry) != 0) this.want(view, entry);
    }
    return view;
  }

  // Reads the frames that have moved. Roster and load change together or not at all: where the pair in shared data
  // does not match (the other half is being written at this moment), the old pair serves until the epoch moves again.
  private readFrames(view: PoolView): void {
    if (view.triedAt == this.epoch) return;
    view.triedAt = this.epoch;
    const pool = view.pool;
    if (view.wantPlan != view.havePlan) {
      renumber(this.planKey, view.key);
      if (!this.readFrame(this.planKey) || checkPlan(host.resultAt, host.resultLength) != ACCEPTED) return;
      pool.setPlan(host.resultAt, host.resultLength);
      view.havePlan = view.wantPlan;
    }
    let roster: usize = 0;
    let rosterLength: u32 = 0;
    if (view.wantRoster != view.haveRoster) {
      renumber(this.rosterKey, view.key);
      if (!this.readFrame(this.rosterKey) || checkRoster(host.resultAt, host.resultLength) != ACCEPTED) return;
      roster = host.resultAt;
      rosterLength = host.resultLength;
    }
    renumber(this.loadKey, view.key);
    if (!this.readFrame(this.loadKey) || checkLoad(host.resultAt, host.resultLength) != ACCEPTED) return;
    const matching = roster != 0 ? roster : pool.roster;
    if (
      frameEpoch(matching) != frameEpoch(host.resultAt) ||
      rosterEndpoints(matching) != loadEndpoints(host.resultAt)
    ) return;
    const loadAt = host.resultAt;
    const loadLength = host.resultLength;
    if (roster != 0) {
      pool.setRoster(roster, rosterLength);
      recountOthers(host.now()); // before the samples become what is counted from
    }
    pool.setLoad(loadAt, loadLength);
    view.haveRoster = view.wantRoster;
    view.haveLoad = view.wantLoad;
  }

  private readFrame(key: Text): bool {
    return host.getShared(key) && checkHeader(host.resultAt, host.resultLength) == ACCEPTED;
  }
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

/** Whether this worker holds the lease of any sidecar. */
export function leadsAny(): bool {
  for (let i = 0; i < stores.length; i++) {
    if (unchecked(stores[i]).leads) return true;
  }
  return false;
}
