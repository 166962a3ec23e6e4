// The pools that requests have asked for, as this worker sees them. Their names come from configurations, but routes
// come and go over the years: there is room for as many as a sidecar has, and what is no longer asked for makes room.

import { MAX_POOLS } from "../../wire/layout.ts";
import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";
import { Table } from "../memory/table.ts";
import { Pool } from "../state/pool.ts";
import { Line } from "../text/line.ts";

/** A pool and which of its frames this worker has, against which there are. */
@final
export class PoolView {
  readonly pool: Pool = new Pool();
  key: u64 = 0;
  wantRoster: u64 = 0;
  wantLoad: u64 = 0;
  wantPlan: u64 = 0;
  /** 0 where there is no policy: a pool is complete without. */
  wantPolicy: u64 = 0;
  haveRoster: u64 = 0;
  haveLoad: u64 = 0;
  havePlan: u64 = 0;
  havePolicy: u64 = 0;
  /** Whether the directory has it, complete or not. */
  listed: bool = false;
  /** Epoch at which reading last failed to give a matching pair; not tried again before the epoch moves. */
  triedAt: u64 = 0;
  /** Whether a request has asked for it within the last minute: then ticks keep it as new as shared data has it. */
  kept: bool = false;
  /** Whether a request has asked for it since the last tick, and the time of the last tick that found it so. */
  asked: bool = false;
  askedAt: u64 = 0;
  /** Whether the next request has to say that the pool is in use, and from when on one has to again; 0: none has. */
  sayDue: bool = true;
  nextSay: u64 = 0;
  /** Whether what was said still has to be confirmed. */
  unconfirmed: bool = false;
  private nameAt: usize = 0;
  private nameLength: u32 = 0;
  private nameCapacity: usize = 0;

  /** Whether this worker's frames are not those that there are. */
  get outdated(): bool {
    return (
      this.wantRoster != this.haveRoster || this.wantLoad != this.haveLoad || this.wantPlan != this.havePlan ||
      this.wantPolicy != this.havePolicy
    );
  }

  /** Whether the pool's name is known here: requests bring it where they name their pools. */
  get named(): bool {
    return this.nameLength != 0;
  }

  setName(at: usize, length: u32): void {
    if (usize(length) > this.nameCapacity) {
      giveBlock(this.nameAt, this.nameCapacity);
      this.nameAt = takeBlock(length);
      this.nameCapacity = blockCapacity(length);
    }
    memory.copy(this.nameAt, at, length);
    this.nameLength = length;
  }

  /** Appends the name to a line. */
  addName(line: Line): Line {
    return line.bytes(this.nameAt, this.nameLength);
  }

  /** There is no such pool any more: its frames go. */
  drop(): void {
    this.pool.clear();
    this.haveRoster = this.haveLoad = this.havePlan = this.havePolicy = 0;
  }

  /** The directory does not name it, until it turns out that it does. */
  unlist(): void {
    this.listed = false;
    this.wantRoster = 0;
  }

  /** No request has asked for it lately. */
  release(): void {
    this.kept = false;
    this.unconfirmed = false;
    this.sayDue = true;
    this.nextSay = 0;
  }

  /** Makes it the view of another pool, of which nothing is known. */
  reset(key: u64): void {
    this.drop();
    this.unlist();
    this.key = key;
    this.wantLoad = this.wantPlan = this.wantPolicy = 0;
    this.triedAt = 0;
    this.release();
    this.asked = false;
    this.askedAt = 0;
    this.nameLength = 0;
  }
}

/** The views of one sidecar's pools. */
@final
export class PoolViews {
  private list: PoolView[] = [];
  private byKey: Table = new Table();

  /** How many there are; view takes indices below it. */
  get size(): i32 {
    return this.list.length;
  }

  view(index: i32): PoolView {
    return unchecked(this.list[index]);
  }

  /** The view of a pool; null where there is none. */
  find(key: u64): PoolView | null {
    const at = this.byKey.get(key);
    return at == 0 ? null : changetype<PoolView>(at);
  }

  /**
   * Makes the view of a pool that has none. Where there are as many as there may be, it takes the place of the one that
   * has not been asked for for longest; null where all of them have been lately.
   */
  make(key: u64): PoolView | null {
    let view: PoolView | null = null;
    if (this.list.length < MAX_POOLS) {
      const made = new PoolView();
      this.list.push(made);
      view = made;
    } else {
      view = this.oldest();
      if (view === null) return null;
      this.byKey.remove(view.key);
    }
    view.reset(key);
    this.byKey.set(key, changetype<usize>(view));
    return view;
  }

  private oldest(): PoolView | null {
    let oldest: PoolView | null = null;
    for (let i = 0; i < this.list.length; i++) {
      const view = unchecked(this.list[i]);
      if (!view.kept && (oldest === null || view.askedAt < oldest.askedAt)) oldest = view;
    }
    return oldest;
  }
}
