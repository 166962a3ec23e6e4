import {
  PLAN_PROFILES, PLAN_STEPS, PLUGIN_CONTEXT_LENGTH_FILTER, PLUGIN_CONTEXT_LENGTH_SCORER, PLUGIN_LABEL_SELECTOR_FILTER,
  PLUGIN_SESSION_AFFINITY_SCORER, STEP_TEXT_LENGTH, STEP_TEXT_OFFSET,
} from "../../wire/layout.ts";
import { giveBlock, takeBlock } from "../memory/blocks.ts";
import { RANGE_BYTES, readRanges } from "../schedule/context-range.ts";
import { selectionBytes, selectRows } from "../schedule/filters/label-selector.ts";
import { decidesByPrefix } from "../schedule/handlers/disagg.ts";
import { hashName } from "../schedule/labels.ts";
import { needsOf } from "../schedule/plugins.ts";
import { NEEDS_MATCHED, NEEDS_SESSION } from "../schedule/signals.ts";
import { planText, profileFirstStep, profileRow, profileSteps, stepPlugin, stepRow } from "../wire/plan.ts";
import { rosterEndpoints } from "../wire/roster.ts";

/**
 * What follows from a plan and a roster, worked out once for both: one block of
 *
 *   u64 by roster row   xxh64 of the endpoint's name; only where the plan asks for sessions
 *   u32 by profile      NEEDS_ bits of its steps
 *   u32 by step         where the step's table stands; 0: it has none
 *   tables              of a label selector a bit, of a context length plugin a range, by roster row
 */
@final
export class Derived {
  private block: usize = 0;
  private bytes: usize = 0;
  private needsAt: usize = 0;
  private tablesAt: usize = 0;
  /** NEEDS_ bits of all profiles together, and of the handler: what a request must be read for. */
  planNeeds: u32 = 0;
  /** The header that carries sessions: where its name stands in the plan, and its bytes; 0: none does. */
  sessionHeader: usize = 0;
  sessionHeaderLength: u32 = 0;

  /** u64 by roster row, xxh64 of names; to be read only by plugins that need sessions. */
  @inline
  get names(): usize {
    return this.block;
  }

  /** NEEDS_ bits of a profile. */
  @inline
  needs(profile: u32): u32 {
    return load<u32>(this.needsAt + (usize(profile) << 2));
  }

  /** The table of a step that works by the roster's labels. */
  @inline
  table(step: u32): usize {
    return load<u32>(this.tablesAt + (usize(step) << 2));
  }

  /** Works everything out anew. Both are checked frames; the plan must stay where it is. */
  make(plan: usize, roster: usize): void {
    this.drop();
    this.findNeeds(plan);
    const endpoints = usize(rosterEndpoints(roster));
    const profiles = load<u32>(plan, PLAN_PROFILES);
    const steps = load<u32>(plan, PLAN_STEPS);
    const named = (this.planNeeds & NEEDS_SESSION) != 0;
    const needsOffset = named ? endpoints << 3 : 0;
    const tablesOffset = needsOffset + (usize(profiles) << 2);
    let bytes = tablesOffset + (usize(steps) << 2);
    for (let i: u32 = 0; i < steps; i++) bytes += tableBytes(stepRow(plan, i), roster);
    this.block = takeBlock(bytes);
    this.bytes = bytes;
    this.needsAt = this.block + needsOffset;
    this.tablesAt = this.block + tablesOffset;
    if (named) {
      for (let row: usize = 0; row < endpoints; row++) store<u64>(this.block + (row << 3), hashName(roster, u32(row)));
    }
    for (let i: u32 = 0; i < profiles; i++) store<u32>(this.needsAt + (usize(i) << 2), needsOfProfile(plan, i));
    this.makeTables(plan, steps, roster);
  }

  /** Forgets everything. */
  drop(): void {
    giveBlock(this.block, this.bytes);
    this.block = 0;
    this.bytes = 0;
    this.planNeeds = 0;
    this.sessionHeader = 0;
    this.sessionHeaderLength = 0;
  }

  private findNeeds(plan: usize): void {
    if (decidesByPrefix(plan)) this.planNeeds |= NEEDS_MATCHED;
    for (let i: u32 = 0; i < load<u32>(plan, PLAN_STEPS); i++) {
      const step = stepRow(plan, i);
      this.planNeeds |= needsOf(step);
      if (stepPlugin(step) != u32(PLUGIN_SESSION_AFFINITY_SCORER) || this.sessionHeaderLength != 0) continue;
      this.sessionHeader = planText(plan, step, STEP_TEXT_OFFSET);
      this.sessionHeaderLength = load<u32>(step, STEP_TEXT_LENGTH);
    }
  }

  private makeTables(plan: usize, steps: u32, roster: usize): void {
    let at = this.tablesAt + (usize(steps) << 2);
    for (let i: u32 = 0; i < steps; i++) {
      const step = stepRow(plan, i);
      const bytes = tableBytes(step, roster);
      store<u32>(this.tablesAt + (usize(i) << 2), bytes == 0 ? 0 : u32(at));
      if (stepPlugin(step) == u32(PLUGIN_LABEL_SELECTOR_FILTER)) selectRows(plan, step, roster, at);
      else if (bytes != 0) readRanges(plan, step, roster, at);
      at += bytes;
    }
  }
}

function tableBytes(step: usize, roster: usize): usize {
  switch (stepPlugin(step)) {
    case PLUGIN_LABEL_SELECTOR_FILTER:
      return selectionBytes(roster);
    case PLUGIN_CONTEXT_LENGTH_SCORER:
    case PLUGIN_CONTEXT_LENGTH_FILTER:
      return usize(rosterEndpoints(roster)) * RANGE_BYTES;
    default:
      return 0;
  }
}

function needsOfProfile(plan: usize, index: u32): u32 {
  const profile = profileRow(plan, index);
  const first = profileFirstStep(profile);
  let needs: u32 = 0;
  for (let i: u32 = 0; i < profileSteps(profile); i++) needs |= needsOf(stepRow(plan, first + i));
  return needs;
}
