import { beginFilter, candidates, endFilter, keepCandidate } from "../candidates.ts";
import { hasPrediction, keepsObjectives } from "../headroom.ts";
import { randomUnit } from "../random.ts";

/**
 * slo-headroom-tier-filter: keeps the endpoints that are predicted to keep both objectives, headroom 0 included; with
 * probability `exploration`, epsilonExploreNeg, the others, so that these are seen to recover. Range: at least one
 * where there was one, since all are kept where only one tier has endpoints. Missing value: an endpoint without a
 * prediction is of the lower tier; one of two times that is not predicted counts as kept.
 */
export function filterBySloHeadroomTier(exploration: f64): void {
  let upper: u32 = 0;
  for (let i: u32 = 0; i < candidates(); i++) {
    if (isUpper(i)) upper++;
  }
  if (upper == 0 || upper == candidates()) return;
  const wanted = randomUnit() > exploration;
  beginFilter();
  for (let i: u32 = 0; i < candidates(); i++) {
    if (isUpper(i) == wanted) keepCandidate(i);
  }
  endFilter();
}

function isUpper(i: u32): bool {
  return hasPrediction(i) && keepsObjectives(i);
}
