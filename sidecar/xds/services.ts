import type { GrpcCall } from "../grpc/call.ts";
import type { GrpcMethod } from "../grpc/server.ts";
import type { Log } from "../observe/log.ts";
import { Quiet } from "../observe/quiet.ts";
import type { Clock } from "../support/clock.ts";
import { serveDiscovery } from "./discovery-stream.ts";
import type { Resources } from "./resources.ts";

/** The method of each type's own discovery service. */
const PATHS: Readonly<Record<string, string>> = {
  "envoy.config.endpoint.v3.ClusterLoadAssignment":
    "/envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints",
  "envoy.config.core.v3.TypedExtensionConfig":
    "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs",
};

/** Bytes that a request may have: the names of all clusters of a gateway. */
const MOST_BYTES = 4 << 20;

/** Discovery services of resources. */
export class DiscoveryServices {
  readonly #resources: readonly Resources[];
  readonly #quiet: Quiet;
  readonly #log: Log;
  readonly #calls = new Set<GrpcCall>();

  constructor(resources: readonly Resources[], clock: Clock, log: Log) {
    this.#resources = resources;
    this.#quiet = new Quiet(clock);
    this.#log = log;
  }

  /** As gRPC sees them. */
  get methods(): [path: string, method: GrpcMethod][] {
    return this.#resources.map((resources) => [
      PATHS[resources.type]!,
      { serve: (call) => this.#serve(call, resources), mostBytes: MOST_BYTES },
    ]);
  }

  /** Ends all streams; Envoys keep what they have, and look for another server. */
  end(): void {
    for (const call of this.#calls) call.end();
  }

  #serve(call: GrpcCall, resources: Resources): void {
    this.#calls.add(call);
    const observer = {
      refused: (node: string, names: readonly string[], reason: string): void => {
        const unsaid = this.#quiet.mayI(resources.type);
        if (unsaid !== undefined)
          this.#log.error({ node, names, reason, unsaid }, "a gateway refuses what it was sent");
      },
      ended: () => void this.#calls.delete(call),
    };
    serveDiscovery(call, resources, observer);
  }
}
