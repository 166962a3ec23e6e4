// A pool of a snapshot as the frames that a sidecar would send of it.

import { encodeFlight, encodeLoad, encodePlan, encodePolicy, encodeRoster } from "../../wire/encode.ts";
import { policyOf } from "../push/policy.ts";
import { endpointKey } from "../state/endpoint-key.ts";
import type { SnapshotPlan, SnapshotPool } from "./snapshot.ts";

const EPOCH = 1n;

/** ROSTER. @throws EncodeError where the pool does not fit the format; so do the others. */
export function rosterFrame({ name, endpoints }: SnapshotPool): Uint8Array {
  return encodeRoster({ pool: name, epoch: EPOCH, endpoints: endpoints.map(({ endpoint }) => endpoint) });
}

/** PLAN. */
export function planFrame({ name }: SnapshotPool, plan: SnapshotPlan): Uint8Array {
  return encodePlan({ pool: name, epoch: EPOCH, profiles: plan.profiles, settings: plan.settings });
}

/** POLICY. */
export function policyFrame({ name, policies }: SnapshotPool): Uint8Array {
  return encodePolicy(policyOf(name, policies));
}

/** LOAD, the `sequence`-th of its stream. */
export function loadFrame({ name, freshFor, endpoints }: SnapshotPool, sequence: bigint): Uint8Array {
  const samples = endpoints.map(({ sample }) => sample);
  return encodeLoad({ pool: name, rosterEpoch: EPOCH, sequence, sentAt: 0n, freshFor, samples });
}

/** FLIGHT of all gateways but the one that it goes to, which has nothing in flight itself. */
export function flightFrame({ endpoints }: SnapshotPool): Uint8Array {
  const busy = endpoints.filter(({ inFlight }) => inFlight.requests + inFlight.tokens + inFlight.prefill > 0);
  const entries = busy.map(({ endpoint, inFlight }) => ({ endpoint: endpointKey(endpoint), ...inFlight }));
  return encodeFlight({ owner: 0n, entries });
}
