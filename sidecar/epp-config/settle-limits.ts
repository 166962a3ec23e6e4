// What rate limiters come to: a plan's limits.

import { MAX_LIMIT_MODELS, MAX_LIMITS } from "../../wire/layout.ts";
import type { PlanLimit } from "../../wire/model.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";

/** The limits of all limiters, in the order of the file. */
export function settleLimits(declared: DeclaredPlugins): readonly PlanLimit[] {
  const limits: PlanLimit[] = [];
  const owners = new Map<string, string>();
  for (const instance of declared.instances) {
    const place = declared.placeOf(instance).at("parameters").at("limits");
    for (const limit of instance.descriptor.limits?.(instance.parameters) ?? []) {
      const owner = owners.get(limit.name);
      if (owner !== undefined) {
        // Within one plugin the plugin itself has told of it, by its place.
        if (owner !== instance.name)
          place.refuse(`a limit of ${owner} is named "${limit.name}", too; give each a name`);
        continue;
      }
      owners.set(limit.name, instance.name);
      limits.push(limit);
    }
    if (limits.length > MAX_LIMITS) place.refuse(`${limits.length} limits in all, there may be ${MAX_LIMITS}`);
    const models = limits.reduce((sum, limit) => sum + limit.models.length, 0);
    if (models > MAX_LIMIT_MODELS) place.refuse(`${models} models in all, there may be ${MAX_LIMIT_MODELS}`);
  }
  return limits;
}
