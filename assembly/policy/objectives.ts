// The priorities that a pool's objectives give to requests.

import { objectiveModel, objectiveName, objectivePriority, objectiveRow, policyObjectives } from "../wire/policy.ts";

/**
 * The priority of a request: that of the objective it names, else that of the objective for the model its client asked
 * for, 0 where there is neither.
 * @param policy address of a checked POLICY frame; 0: none.
 * @param objective xxh64 of the objective's name that the request gives; 0: it gives none. One that the pool does not
 *   have counts as priority 0, not as none.
 * @param clientModel xxh64 of the model's name before any rewriting; 0: unknown.
 */
export function priorityOf(policy: usize, objective: u64, clientModel: u64): i32 {
  if (policy == 0 || (objective | clientModel) == 0) return 0;
  const count = policyObjectives(policy);
  for (let i: u32 = 0; i < count; i++) {
    const row = objectiveRow(policy, i);
    const found = objective != 0 ? objectiveName(row) == objective : objectiveModel(row) == clientModel;
    if (found) return objectivePriority(row);
  }
  return 0;
}
