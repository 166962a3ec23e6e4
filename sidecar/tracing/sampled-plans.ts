import type { PlanSampling } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import type { PlanSource } from "../push/plan-source.ts";

/**
 * Plans that also say which requests are traced, the same for every pool while the process lives. Their epochs are
 * others: equal epochs mean equal plans, from a restarted sidecar and from another replica, too.
 */
export function sampledPlans(plans: PlanSource, sampling: PlanSampling): PlanSource {
  const salt = xxh64(`${sampling.sampler} ${sampling.ratio}`);
  return {
    plan(pool) {
      const plan = plans.plan(pool);
      const epoch = plan.epoch ^ salt;
      return { ...plan, epoch: epoch === 0n ? 1n : epoch, settings: { ...plan.settings, sampling } };
    },
    subscribe: (listener) => plans.subscribe(listener),
  };
}
