// Reads a pool's frames from shared data into its view.

import { ACCEPTED } from "../../wire/layout.ts";
import * as host from "../abi/host.ts";
import { Text } from "../text/text.ts";
import { checkHeader, frameEpoch } from "../wire/header.ts";
import { checkLoad, loadEndpoints } from "../wire/load.ts";
import { checkPlan } from "../wire/plan.ts";
import { checkPolicy } from "../wire/policy.ts";
import { checkRoster, rosterEndpoints } from "../wire/roster.ts";
import { recountOthers } from "./flight.ts";
import { frameKey, renumber } from "./keys.ts";
import { PoolView } from "./pool-view.ts";

/** Reads the frames of one sidecar's pools. */
@final
export class FrameReader {
  private rosterKey: Text;
  private loadKey: Text;
  private planKey: Text;
  private policyKey: Text;

  constructor(cluster: Text, authority: Text) {
    this.rosterKey = frameKey(cluster, authority, "roster/", 0);
    this.loadKey = frameKey(cluster, authority, "load/", 0);
    this.planKey = frameKey(cluster, authority, "plan/", 0);
    this.policyKey = frameKey(cluster, authority, "policy/", 0);
  }

  /**
   * Reads the frames that have moved, as of the directory's epoch. Roster and load change together or not at all: where
   * the pair in shared data does not match (the other half is being written at this moment), the old pair serves until
   * the epoch moves again.
   */
  read(view: PoolView, epoch: u64): void {
    if (view.triedAt == epoch) return;
    view.triedAt = epoch;
    const pool = view.pool;
    if (view.wantPlan != view.havePlan) {
      renumber(this.planKey, view.key);
      if (!this.readFrame(this.planKey) || checkPlan(host.resultAt, host.resultLength) != ACCEPTED) return;
      pool.setPlan(host.resultAt, host.resultLength);
      view.havePlan = view.wantPlan;
    }
    if (view.wantPolicy != view.havePolicy) {
      if (view.wantPolicy == 0) {
        pool.dropPolicy();
      } else {
        renumber(this.policyKey, view.key);
        if (!this.readFrame(this.policyKey) || checkPolicy(host.resultAt, host.resultLength) != ACCEPTED) return;
        pool.setPolicy(host.resultAt, host.resultLength);
      }
      view.havePolicy = view.wantPolicy;
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
