import type { Policy } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import type { Policies } from "../discovery/pool.ts";

/**
 * A pool's policies as gateways get them: the rules of all rewrites in one list, those of the oldest first. The epoch
 * is a hash of the content, never 0: a restarted sidecar and a replica tell a gateway what it already holds.
 */
export function policyOf(pool: string, { objectives: found, rewrites }: Policies): Policy {
  const objectives = found.map(({ name, priority, model }) => ({
    name,
    priority,
    ...(model !== undefined && { model }),
  }));
  const rules = rewrites
    .flatMap((rewrite) => rewrite.rules)
    .map(({ models, targets }) => ({
      models: [...models],
      targets: targets.map(({ model, weight }) => ({ model, weight })),
    }));
  const hash = xxh64(JSON.stringify([objectives, rules]));
  return { pool, epoch: hash === 0n ? 1n : hash, objectives, rules };
}
