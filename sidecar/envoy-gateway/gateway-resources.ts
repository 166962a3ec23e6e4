// What gateways subscribe to that Envoy Gateway's extension has told where to find it.

import { settingsProblem } from "../filter/check-settings.ts";
import { readFilterFile } from "../filter/module.ts";
import type { GrpcMethod } from "../grpc/server.ts";
import type { Log } from "../observe/log.ts";
import type { PoolSource } from "../state/source.ts";
import type { Clock } from "../support/clock.ts";
import { filterConfigs } from "../xds/filter-configs.ts";
import { LoadAssignments } from "../xds/load-assignments.ts";
import { DiscoveryServices } from "../xds/services.ts";
import type { ExtensionSettings } from "./extension-server.ts";
import { STATE_CLUSTER } from "./sidecar-source.ts";

/** What else is served on the port that gateways connect to. */
export interface GatewayResources {
  readonly methods: readonly (readonly [path: string, method: GrpcMethod])[];
  /** Ends the streams. */
  stop(): void;
}

/** The filter does not take its settings. */
export class SettingsRefused extends Error {}

/**
 * Opens the pools' endpoints and the filter for gateways.
 * @throws FilterMissing where the filter is not built, SettingsRefused.
 */
export function openGatewayResources(
  source: PoolSource,
  { filter }: ExtensionSettings,
  clock: Clock,
  log: Log,
): GatewayResources {
  const settings = { ...filter, stateCluster: STATE_CLUSTER, poolFrom: "metadata", hold: "self" };
  const { bytes } = readFilterFile();
  const problem = settingsProblem(bytes, JSON.stringify(settings));
  if (problem !== undefined) throw new SettingsRefused(`--filter-settings: ${problem}`);
  const configs = filterConfigs(bytes, settings);
  const assignments = new LoadAssignments(source, clock);
  const services = new DiscoveryServices([assignments, configs], clock, log);
  return {
    methods: services.methods,
    stop() {
      assignments.stop();
      services.end();
    },
  };
}
