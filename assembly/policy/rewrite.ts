// Which model a request gets in place of the one that its client asks for.

import { POLICY_TARGETS } from "../../wire/layout.ts";
import {
  policyRules, ruleModel, ruleModels, ruleModelStart, ruleRow, ruleTargets, ruleTargetStart, targetRow, targetWeight,
} from "../wire/policy.ts";

/** Whether a pool's policy may change models. `policy`: address of a checked POLICY frame; 0: none. */
export function hasTargets(policy: usize): bool {
  return policy != 0 && load<u32>(policy, POLICY_TARGETS) != 0;
}

/**
 * Address of the target that a request for a model gets, 0 where the model stays. Of the rules that match, one that
 * names the model comes before one for all, then the one that stands first.
 * @param policy address of a checked POLICY frame; 0: none.
 * @param model xxh64 of the name that the client asks for.
 * @param bits what chooses among the rule's targets, each by its weight: random bits, or a client's own.
 */
export function targetFor(policy: usize, model: u64, bits: u64): usize {
  if (!hasTargets(policy)) return 0;
  const rule = ruleFor(policy, model);
  return rule == 0 ? 0 : weighted(policy, rule, bits);
}

/** Bits for targetFor that are the same for a client with every request for a model, so that it stays with a target. */
export function stickyBits(client: u64, model: u64): u64 {
  // The finalizer of MurmurHash3, https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
  let h = client ^ rotl<u64>(model * 0x9e3779b97f4a7c15, 32);
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

function ruleFor(policy: usize, model: u64): usize {
  let generic: usize = 0;
  const rules = policyRules(policy);
  for (let i: u32 = 0; i < rules; i++) {
    const rule = ruleRow(policy, i);
    const count = ruleModels(rule);
    if (count == 0 && generic == 0) generic = rule;
    const first = ruleModelStart(rule);
    for (let j: u32 = 0; j < count; j++) {
      if (ruleModel(policy, first + j) == model) return rule;
    }
  }
  return generic;
}

// The targets lie in a row, each as long as its weight; the bits say how far along the row. So a change of weights
// moves only the clients between the old and the new bounds.
function weighted(policy: usize, rule: usize, bits: u64): usize {
  const count = ruleTargets(rule);
  if (count == 0) return 0;
  const first = ruleTargetStart(rule);
  let total: f64 = 0;
  for (let i: u32 = 0; i < count; i++) total += f64(targetWeight(targetRow(policy, first + i)));
  let left = f64(bits >> 11) * (1.0 / 9007199254740992.0) * total;
  let last: u32 = 0;
  for (; last < count - 1; last++) {
    left -= f64(targetWeight(targetRow(policy, first + last)));
    if (left < 0) break;
  }
  return targetRow(policy, first + last);
}
