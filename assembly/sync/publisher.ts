// The elected worker's side of shared data: checks frames from the sidecar and publishes them for all workers.

import {
  ACCEPTED, HEADER_BYTES, KIND_BEAT, KIND_FLIGHT, KIND_GONE, KIND_JOURNAL, KIND_LOAD, KIND_PLAN, KIND_POLICY,
  KIND_ROSTER, KIND_SYNC, MAX_POOLS, REFUSED_EPOCH, REFUSED_KIND, REFUSED_LENGTH,
} from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { Text } from "../text/text.ts";
import { checkHeader, frameEpoch, frameKind, framePool } from "../wire/header.ts";
import { checkLoad, loadEndpoints, loadSequence, stampReceivedAt } from "../wire/load.ts";
import { checkPlan } from "../wire/plan.ts";
import { checkPolicy } from "../wire/policy.ts";
import { checkRoster, rosterEndpoints } from "../wire/roster.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import {
  DIRECTORY_HEADER, DIRECTORY_MAX, directoryEpoch, directoryPools, directorySynced, ENTRY_BYTES, entryAt, isDirectory,
  setDirectorySynced,
} from "./directory.ts";
import { frameKey, renumber, storeKey } from "./keys.ts";
import { RemotePublisher } from "./remote.ts";

/** What the publisher alone knows of a pool, beside its directory entry. */
@unmanaged
@final
class Draft {
  /** Epoch and size of the last roster accepted on this stream. */
  rosterEpoch: u64;
  endpoints: u32;
  /** The roster itself while it waits for its first load: until then the old pair serves. 0: none waits. */
  waiting: usize;
  waitingBytes: u32;
  /** Whether this stream has sent a roster of the pool. */
  rostered: bool;
  /** Whether this stream has named the pool; what it has not named by SYNC is dropped. */
  named: bool;
}

/** Publishes one sidecar's frames. */
@final
export class Publisher {
  /** Sequence of the last LOAD accepted. */
  sequence: u64 = 0;
  readonly remote: RemotePublisher;
  private directory: usize = 0;
  private drafts: usize = 0;
  private rosterKey: Text;
  private loadKey: Text;
  private planKey: Text;
  private policyKey: Text;

  private epochKey: Text;
  private directoryKey: Text;

  constructor(cluster: Text, authority: Text) {
    this.epochKey = storeKey(cluster, authority, "epoch");
    this.directoryKey = storeKey(cluster, authority, "directory");
    this.rosterKey = frameKey(cluster, authority, "roster/", 0);
    this.loadKey = frameKey(cluster, authority, "load/", 0);
    this.planKey = frameKey(cluster, authority, "plan/", 0);
    this.policyKey = frameKey(cluster, authority, "policy/", 0);
    this.remote = new RemotePublisher(cluster, authority);
  }

  /** When something was published last, by this worker or another; 0: never. */
  get publishedAt(): u64 {
    return this.directory == 0 ? 0 : directoryEpoch(this.directory);
  }

  /** Begins with what is published already: it serves on until the new stream's frames replace it. */
  begin(): void {
    if (this.directory == 0) {
      this.directory = takeBlock(DIRECTORY_MAX);
      this.drafts = takeBlock(usize(MAX_POOLS) * offsetof<Draft>());
    } else {
      for (let i: u32 = 0; i < directoryPools(this.directory); i++) this.stopWaiting(this.draft(i));
    }
    memory.fill(this.directory, 0, DIRECTORY_HEADER);
    memory.fill(this.drafts, 0, usize(MAX_POOLS) * offsetof<Draft>());
    this.sequence = 0;
    this.remote.begin();
    if (host.getShared(this.directoryKey) && isDirectory(host.resultAt, host.resultLength)) {
      memory.copy(this.directory, host.resultAt, host.resultLength);
    }
  }

  /** Other pools are wanted from now on: which of them there are is not known before the next SYNC. */
  unsync(now: u64): void {
    if (!directorySynced(this.directory)) return;
    setDirectorySynced(this.directory, false);
    this.publish(this.nextEpoch(now));
  }

  /** Takes one frame of the stream. Returns ACCEPTED or the reason why it is refused; then nothing has changed. */
  accept(frame: usize, length: u32, now: u64): i32 {
    const refused = checkHeader(frame, length);
    if (refused != ACCEPTED) return refused;
    const kind = frameKind(frame);
    const bare = kind == u32(KIND_SYNC) || kind == u32(KIND_GONE) || kind == u32(KIND_BEAT);
    if (bare && length != u32(HEADER_BYTES)) return REFUSED_LENGTH;
    switch (kind) {
      case KIND_ROSTER:
        return this.acceptRoster(frame, length);
      case KIND_LOAD:
        return this.acceptLoad(frame, length, now);
      case KIND_PLAN:
        return this.acceptPlan(frame, length, now);
      case KIND_POLICY:
        return this.acceptPolicy(frame, length, now);
      case KIND_SYNC:
        return this.acceptSync(now);
      case KIND_GONE:
        return this.acceptGone(framePool(frame), now);
      case KIND_FLIGHT:
        return this.remote.acceptFlight(frame, length, now);
      case KIND_JOURNAL:
        return this.remote.acceptJournal(frame, length);
      case KIND_BEAT:
        return ACCEPTED;
      default:
        return REFUSED_KIND;
    }
  }

  private acceptRoster(frame: usize, length: u32): i32 {
    const refused = checkRoster(frame, length);
    if (refused != ACCEPTED) return refused;
    const index = this.indexOf(framePool(frame));
    if (index < 0) return REFUSED_LENGTH;
    const draft = this.draft(index);
    this.stopWaiting(draft);
    draft.waiting = takeBlock(length);
    draft.waitingBytes = length;
    memory.copy(draft.waiting, frame, length);
    draft.named = true;
    draft.rostered = true;
    draft.rosterEpoch = frameEpoch(frame);
    draft.endpoints = rosterEndpoints(frame);
    return ACCEPTED;
  }

  private acceptLoad(frame: usize, length: u32, now: u64): i32 {
    const refused = checkLoad(frame, length);
    if (refused != ACCEPTED) return refused;
    const index = this.find(framePool(frame));
    if (index < 0) return REFUSED_EPOCH;
    const draft = this.draft(index);
    if (!draft.rostered || draft.rosterEpoch != frameEpoch(frame) || draft.endpoints != loadEndpoints(frame)) {
      return REFUSED_EPOCH;
    }
    const entry = entryAt(this.directory, index);
    const epoch = this.nextEpoch(now);
    if (draft.waiting != 0) {
      renumber(this.rosterKey, framePool(frame));
      host.setShared(this.rosterKey, draft.waiting, draft.waitingBytes);
      this.stopWaiting(draft);
      entry.roster = epoch;
    }
    stampReceivedAt(frame, now);
    renumber(this.loadKey, framePool(frame));
    host.setShared(this.loadKey, frame, length);
    entry.load = epoch;
    this.sequence = loadSequence(frame);
    this.publish(epoch);
    return ACCEPTED;
  }

  private acceptPlan(frame: usize, length: u32, now: u64): i32 {
    const refused = checkPlan(frame, length);
    if (refused != ACCEPTED) return refused;
    const index = this.indexOf(framePool(frame));
    if (index < 0) return REFUSED_LENGTH;
    const epoch = this.nextEpoch(now);
    entryAt(this.directory, index).plan = epoch;
    this.publishFrame(this.planKey, index, frame, length, epoch);
    return ACCEPTED;
  }

  private acceptPolicy(frame: usize, length: u32, now: u64): i32 {
    const refused = checkPolicy(frame, length);
    if (refused != ACCEPTED) return refused;
    const index = this.indexOf(framePool(frame));
    if (index < 0) return REFUSED_LENGTH;
    const epoch = this.nextEpoch(now);
    entryAt(this.directory, index).policy = epoch;
    this.publishFrame(this.policyKey, index, frame, length, epoch);
    return ACCEPTED;
  }

  private publishFrame(key: Text, index: i32, frame: usize, length: u32, epoch: u64): void {
    this.draft(index).named = true;
    renumber(key, framePool(frame));
    host.setShared(key, frame, length);
    this.publish(epoch);
  }

  private acceptSync(now: u64): i32 {
    let changed = !directorySynced(this.directory);
    setDirectorySynced(this.directory, true);
    for (let i = i32(directoryPools(this.directory)) - 1; i >= 0; i--) {
      if (this.draft(i).named) continue;
      this.remove(i);
      changed = true;
    }
    if (changed) this.publish(this.nextEpoch(now));
    return ACCEPTED;
  }

  private acceptGone(pool: u64, now: u64): i32 {
    const index = this.find(pool);
    if (index < 0) return ACCEPTED;
    this.remove(index);
    this.publish(this.nextEpoch(now));
    return ACCEPTED;
  }

  // Grows with time, so that two workers who both believe to be elected for a moment never publish equal epochs for
  // different states.
  private nextEpoch(now: u64): u64 {
    return max(directoryEpoch(this.directory) + 1, now);
  }

  private publish(epoch: u64): void {
    store<u64>(this.directory, epoch);
    const bytes = u32(DIRECTORY_HEADER) + directoryPools(this.directory) * u32(ENTRY_BYTES);
    host.setShared(this.directoryKey, this.directory, bytes);
    host.setShared(this.epochKey, this.directory, 8);
  }

  private find(pool: u64): i32 {
    const pools = directoryPools(this.directory);
    for (let i: u32 = 0; i < pools; i++) {
      if (entryAt(this.directory, i).pool == pool) return i;
    }
    return -1;
  }

  // The pool's index, made if need be; -1 when the directory is full.
  private indexOf(pool: u64): i32 {
    const found = this.find(pool);
    if (found >= 0) return found;
    const pools = directoryPools(this.directory);
    if (pools >= u32(MAX_POOLS)) return -1;
    memory.fill(changetype<usize>(entryAt(this.directory, pools)), 0, ENTRY_BYTES);
    memory.fill(changetype<usize>(this.draft(pools)), 0, offsetof<Draft>());
    entryAt(this.directory, pools).pool = pool;
    store<u32>(this.directory, pools + 1, 8);
    return pools;
  }

  // The last entry takes the place of the one that goes. Shared data keeps keys for ever, so the frames are emptied.
  private remove(index: i32): void {
    const pool = entryAt(this.directory, index).pool;
    this.empty(this.rosterKey, pool);
    this.empty(this.loadKey, pool);
    this.empty(this.planKey, pool);
    this.empty(this.policyKey, pool);
    this.stopWaiting(this.draft(index));
    const last = directoryPools(this.directory) - 1;
    memory.copy(
      changetype<usize>(entryAt(this.directory, index)), changetype<usize>(entryAt(this.directory, last)), ENTRY_BYTES,
    );
    memory.copy(changetype<usize>(this.draft(index)), changetype<usize>(this.draft(last)), offsetof<Draft>());
    store<u32>(this.directory, last, 8);
  }

  private empty(key: Text, pool: u64): void {
    renumber(key, pool);
    host.setShared(key, 0, 0);
  }

  private stopWaiting(draft: Draft): void {
    giveBlock(draft.waiting, draft.waitingBytes);
    draft.waiting = 0;
  }

  @inline
  private draft(index: i32): Draft {
    return changetype<Draft>(this.drafts + usize(index) * offsetof<Draft>());
  }
}
