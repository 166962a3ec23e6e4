// Plans of which only the bands are there.

import {
  BAND_BYTES, BAND_DEFAULT, BAND_EXACT, BAND_FAIRNESS, BAND_HALF_LIFE, BAND_KIND, BAND_MAX_BYTES, BAND_MAX_REQUESTS,
  BAND_NEGATIVE, BAND_ORDER, BAND_PRIORITY, PLAN_BANDS, PLAN_BYTES, PLAN_TTL,
} from "../../wire/layout.ts";

/** The default band, one for priorities below 0 and one for priority 5, all alike but for room. */
export function planOf(fairness: i32, order: i32, halfLife: f64 = 10): usize {
  const bytes = usize(PLAN_BYTES) + 3 * BAND_BYTES;
  const plan = heap.alloc(bytes);
  memory.fill(plan, 0, bytes);
  store<u32>(plan, 3, PLAN_BANDS);
  store<u32>(plan, 60_000, PLAN_TTL);
  for (let i = 0; i < 3; i++) {
    const row = plan + PLAN_BYTES + i * BAND_BYTES;
    store<u32>(row, i == 0 ? BAND_DEFAULT : i == 1 ? BAND_NEGATIVE : BAND_EXACT, BAND_KIND);
    store<i32>(row, i == 2 ? 5 : 0, BAND_PRIORITY);
    store<u64>(row, i == 1 ? 100 : 1_000_000_000, BAND_MAX_BYTES);
    store<u32>(row, i == 2 ? 3 : 5000, BAND_MAX_REQUESTS);
    store<u16>(row, u16(fairness), BAND_FAIRNESS);
    store<u16>(row, u16(order), BAND_ORDER);
    store<f64>(row, halfLife, BAND_HALF_LIFE);
  }
  return plan;
}
