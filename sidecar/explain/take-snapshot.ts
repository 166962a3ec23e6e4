// A running sidecar's state as a snapshot's JSON.

import { STAGE_SCORER } from "../../wire/layout.ts";
import type { PlanStep } from "../../wire/model.ts";
import type { PlanSource } from "../push/plan-source.ts";
import type { Told } from "../push/relay.ts";
import type { PolicySource, PoolSource } from "../state/source.ts";
import { printableAdmission } from "./admission.ts";
import { engineNames, handlerNames, operatorNames, pluginNames, roleNames } from "./names.ts";
import { printablePolicies } from "./policies.ts";
import { poolState } from "./pool-state.ts";
import { SNAPSHOT_VERSION, type SnapshotEndpoint, type SnapshotPlan } from "./snapshot.ts";

/** Bytes of records per frame: what a gateway is sent at once. */
const JOURNAL_BYTES = 65_536;
/** No gateway's stream has this number. */
const NO_GATEWAY = 0;

function printableEndpoint({ endpoint, sample, inFlight }: SnapshotEndpoint): object {
  const { address, name, zone, labels, engine, role, rank } = endpoint;
  const { ready, age, counter: _counter, ...signals } = sample;
  return {
    ...{ address, name, zone, labels, engine: engineNames.name(engine), role: roleNames.name(role), rank },
    ...{ ready, age: age ?? null, ...signals, inFlight },
  };
}

function printableStep({ stage, plugin, name, weight, parameters, terms = [], text = "" }: PlanStep): object {
  return {
    plugin: pluginNames.name(plugin),
    name,
    ...(stage === STAGE_SCORER && { weight }),
    parameters,
    ...(terms.length > 0 && {
      terms: terms.map((term) => ({ ...term, operator: operatorNames.name(term.operator) })),
    }),
    ...(text !== "" && { text }),
  };
}

function printablePlan({ profiles, settings }: SnapshotPlan): object {
  return {
    profiles: profiles.map(({ name, steps }) => ({ name, steps: steps.map(printableStep) })),
    settings: {
      ...settings,
      handler: handlerNames.name(settings.handler),
      admission: printableAdmission(settings.admission),
    },
  };
}

function journals({ journals: memory }: Told): string[] {
  const frames: string[] = [];
  let position = memory.first;
  for (;;) {
    const taken = memory.take(position, NO_GATEWAY, JOURNAL_BYTES);
    if (taken === undefined) return frames;
    position = taken.next;
    if (taken.frame !== undefined) frames.push(Buffer.from(taken.frame).toString("base64"));
  }
}

function printablePool(
  name: string,
  source: PoolSource & PolicySource,
  plans: PlanSource,
  told: Told,
): object | undefined {
  const pool = poolState(name, source, plans, told);
  if (pool === undefined) return undefined;
  const { freshFor, plan, policies, endpoints } = pool;
  return {
    ...{ name, freshFor, plan: printablePlan(plan), ...printablePolicies(policies) },
    endpoints: endpoints.map(printableEndpoint),
  };
}

/**
 * All that a sidecar knows and that a decision goes by, as JSON.
 * @param told what gateways have told of themselves.
 */
export function takeSnapshot(source: PoolSource & PolicySource, plans: PlanSource, told: Told): string {
  const pools = source.pools().flatMap((name) => printablePool(name, source, plans, told) ?? []);
  return `${JSON.stringify({ version: SNAPSHOT_VERSION, pools, journals: journals(told) })}\n`;
}
