// The other replicas, met.

import { registerReplicaMetrics } from "../observe/replica-metrics.ts";
import type { Parts } from "../parts.ts";
import type { Served } from "./default-group.ts";
import { type ReplicaSettings, type Replicas, startReplicas } from "./replicas.ts";

/** Begins to meet the replicas that serve the same, and shows how that goes. */
export function openReplicas(settings: ReplicaSettings, served: Served, { clock, log, metrics }: Parts): Replicas {
  const replicas = startReplicas({ settings, served, clock, log });
  registerReplicaMetrics(metrics.registry, replicas.report);
  return replicas;
}
