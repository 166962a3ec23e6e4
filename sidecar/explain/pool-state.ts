import type { PlanSource } from "../push/plan-source.ts";
import type { Told } from "../push/relay.ts";
import { endpointKey } from "../state/endpoint-key.ts";
import type { PolicySource, PoolSource } from "../state/source.ts";
import type { PlannedPool } from "./snapshot.ts";

/**
 * What a sidecar knows of one pool at this moment, but for what endpoints have cached; undefined where there is no such
 * pool. It stays as it is when the sidecar learns more.
 * @param told what gateways have told of themselves.
 */
export function poolState(
  name: string,
  source: PoolSource & PolicySource,
  plans: PlanSource,
  { flights }: Pick<Told, "flights">,
): PlannedPool | undefined {
  const roster = source.roster(name);
  const load = source.load(name, 0n, 0n);
  const policies = source.policies(name);
  if (roster === undefined || load === undefined || policies === undefined) return undefined;
  const { profiles, settings } = plans.plan(name);
  return {
    name,
    freshFor: load.freshFor,
    plan: { profiles, settings },
    policies: { objectives: policies.objectives, rewrites: policies.rewrites },
    endpoints: roster.endpoints.map((endpoint, index) => ({
      endpoint,
      sample: load.samples[index]!,
      inFlight: flights.total(endpointKey(endpoint)),
    })),
  };
}
