import { SAMPLE_COUNTER } from "../../wire/layout.ts";
import { blockCapacity, giveBlock, takeBlock } from "../memory/blocks.ts";
import { batchLimit, sampleRow } from "../wire/load.ts";
import { applyCapacities } from "../prefix/settings.ts";
import { endpointKey, rosterEndpoints } from "../wire/roster.ts";
import { Derived } from "./derived.ts";
import { listSlot, rebase, Slot, unlistSlot } from "./slots.ts";

/** A frame kept in memory as it came: the wire layout is the memory layout. */
@final
class Kept {
  at: usize = 0;
  private capacity: usize = 0;

  /** Replaces the frame by a copy of another. */
  keep(from: usize, length: u32): void {
    if (usize(length) > this.capacity) {
      giveBlock(this.at, this.capacity);
      this.at = takeBlock(length);
      this.capacity = blockCapacity(length);
    }
    memory.copy(this.at, from, length);
  }

  drop(): void {
    giveBlock(this.at, this.capacity);
    this.at = 0;
    this.capacity = 0;
  }
}

/** One pool as this worker sees it: roster and load always belong together. */
@final
export class Pool {
  private keptRoster: Kept = new Kept();
  private keptLoad: Kept = new Kept();
  private keptPlan: Kept = new Kept();
  private keptPolicy: Kept = new Kept();
  private slots: usize = 0; // u32 addresses of Slots, in the roster's order
  private slotted: u32 = 0;
  /** Requests that engines of the pool run at most, as far as the present load shows. */
  batchLimit: f64 = Infinity;
  /** What follows from the present plan and roster; made once there are both. */
  readonly derived: Derived = new Derived();

  /** Frames to read; 0 where there is none yet. */
  get roster(): usize {
    return this.keptRoster.at;
  }
  get load(): usize {
    return this.keptLoad.at;
  }
  get plan(): usize {
    return this.keptPlan.at;
  }
  /** 0 where nothing has been said: no objectives and no rewrites. */
  get policy(): usize {
    return this.keptPolicy.at;
  }

  /** Whether there is all that a pick needs. */
  get usable(): bool {
    return this.keptRoster.at != 0 && this.keptLoad.at != 0 && this.keptPlan.at != 0;
  }

  /** Slot of a roster row. */
  @inline
  slot(index: u32): Slot {
    return changetype<Slot>(load<u32>(this.slots + (usize(index) << 2)));
  }

  /** Takes a new roster: a checked frame. The load that belongs to it must follow at once, by setLoad. */
  setRoster(roster: usize, length: u32): void {
    const count = rosterEndpoints(roster);
    const fresh = takeBlock(usize(max<u32>(count, 1)) << 2);
    // New slots are listed before old ones are let go, so that endpoints which stay keep their counts.
    for (let i: u32 = 0; i < count; i++) {
      store<u32>(fresh + (usize(i) << 2), u32(changetype<usize>(listSlot(endpointKey(roster, i)))));
    }
    this.unlistAll();
    this.slots = fresh;
    this.slotted = count;
    this.keptRoster.keep(roster, length);
    this.derive();
  }

  /** Takes a new load for the present roster: a checked frame with the roster's count. */
  setLoad(frame: usize, length: u32): void {
    this.keptLoad.keep(frame, length);
    this.batchLimit = batchLimit(frame);
    for (let i: u32 = 0; i < this.slotted; i++) {
      rebase(this.slot(i), load<u16>(sampleRow(frame, i), SAMPLE_COUNTER));
    }
    if (this.usable) applyCapacities(this);
  }

  /** Takes a new plan: a checked frame. */
  setPlan(frame: usize, length: u32): void {
    this.keptPlan.keep(frame, length);
    this.derive();
    if (this.usable) applyCapacities(this);
  }

  /** Takes a new policy: a checked frame. */
  setPolicy(frame: usize, length: u32): void {
    this.keptPolicy.keep(frame, length);
  }

  /** Nothing has been said of the pool's policy any more. */
  dropPolicy(): void {
    this.keptPolicy.drop();
  }

  /** Forgets everything: the pool is gone. */
  clear(): void {
    this.unlistAll();
    this.keptRoster.drop();
    this.keptLoad.drop();
    this.keptPlan.drop();
    this.keptPolicy.drop();
    this.derived.drop();
  }

  private derive(): void {
    if (this.keptPlan.at != 0 && this.keptRoster.at != 0) this.derived.make(this.keptPlan.at, this.keptRoster.at);
  }

  private unlistAll(): void {
    for (let i: u32 = 0; i < this.slotted; i++) unlistSlot(this.slot(i));
    giveBlock(this.slots, usize(max<u32>(this.slotted, 1)) << 2);
    this.slots = 0;
    this.slotted = 0;
  }
}
