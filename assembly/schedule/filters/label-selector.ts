import {
  STEP_TERM_COUNT, STEP_TERM_START, TERM_DOES_NOT_EXIST, TERM_EXISTS, TERM_IN, TERM_KEY_LENGTH, TERM_KEY_OFFSET,
  TERM_NOT_IN, TERM_OPERATOR, TERM_VALUE_COUNT, TERM_VALUE_START, VALUE_LENGTH, VALUE_OFFSET,
} from "../../../wire/layout.ts";
import { planText, termRow, valueRow } from "../../wire/plan.ts";
import { rosterEndpoints } from "../../wire/roster.ts";
import { beginFilter, candidateIndex, candidates, endFilter, keepCandidate } from "../candidates.ts";
import { findLabel, labelIs } from "../labels.ts";

/**
 * label-selector-filter, and with it every filter by labels: keeps the endpoints for which all terms of the step
 * hold. `selected` has a bit for every roster row, as selectRows made it. Range: any number, none too. Missing value:
 * a label that is not there fulfils the terms that say so.
 */
export function filterByLabels(selected: usize): void {
  beginFilter();
  for (let i: u32 = 0; i < candidates(); i++) {
    const row = candidateIndex(i);
    if ((u32(load<u8>(selected + (row >> 3))) >> (row & 7)) & 1) keepCandidate(i);
  }
  endFilter();
}

/** Bytes of a roster's selection. */
export function selectionBytes(roster: usize): usize {
  return usize((rosterEndpoints(roster) + 7) >> 3);
}

/** Sets the bits of the roster rows for which all terms of the plan's step hold, and clears the others. */
export function selectRows(plan: usize, step: usize, roster: usize, selected: usize): void {
  memory.fill(selected, 0, selectionBytes(roster));
  for (let row: u32 = 0; row < rosterEndpoints(roster); row++) {
    if (!fulfils(plan, step, roster, row)) continue;
    const at = selected + (row >> 3);
    store<u8>(at, load<u8>(at) | (u8(1) << u8(row & 7)));
  }
}

function fulfils(plan: usize, step: usize, roster: usize, row: u32): bool {
  const first = load<u32>(step, STEP_TERM_START);
  const end = first + load<u32>(step, STEP_TERM_COUNT);
  for (let i = first; i < end; i++) {
    if (!holds(plan, termRow(plan, i), roster, row)) return false;
  }
  return true;
}

function holds(plan: usize, term: usize, roster: usize, row: u32): bool {
  const key = planText(plan, term, TERM_KEY_OFFSET);
  const label = findLabel(roster, row, key, load<u32>(term, TERM_KEY_LENGTH));
  switch (load<u32>(term, TERM_OPERATOR)) {
    case TERM_IN:
      return label != 0 && hasOne(plan, term, roster, label);
    case TERM_NOT_IN:
      return label == 0 || !hasOne(plan, term, roster, label);
    case TERM_EXISTS:
      return label != 0;
    case TERM_DOES_NOT_EXIST:
      return label == 0;
    default: // TERM_IN_OR_ABSENT
      return label == 0 || hasOne(plan, term, roster, label);
  }
}

// Whether the label has one of the term's values.
function hasOne(plan: usize, term: usize, roster: usize, label: usize): bool {
  const first = load<u32>(term, TERM_VALUE_START);
  const end = first + load<u32>(term, TERM_VALUE_COUNT);
  for (let i = first; i < end; i++) {
    const value = valueRow(plan, i);
    if (labelIs(roster, label, planText(plan, value, VALUE_OFFSET), load<u32>(value, VALUE_LENGTH))) return true;
  }
  return false;
}
