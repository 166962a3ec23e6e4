import { handlerParameter } from "../../wire/plan.ts";

/**
 * single-profile-handler: one profile runs and picks the destinations; of every handler, parameter 0 names the
 * profile that does. Returns the profile's row in the plan.
 */
export function primaryProfile(plan: usize): u32 {
  return u32(handlerParameter(plan, 0));
}
