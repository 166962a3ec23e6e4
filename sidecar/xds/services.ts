import type { Server, ServiceDefinition } from "@grpc/grpc-js";
import type { Log } from "../observe/log.ts";
import { Quiet } from "../observe/quiet.ts";
import type { Clock } from "../support/clock.ts";
import { type DiscoveryCall, serveDiscovery } from "./discovery-stream.ts";
import type { Resources } from "./resources.ts";

/** The method of each type's own discovery service. */
const PATHS: Readonly<Record<string, string>> = {
  "envoy.config.endpoint.v3.ClusterLoadAssignment":
    "/envoy.service.endpoint.v3.EndpointDiscoveryService/StreamEndpoints",
  "envoy.config.core.v3.TypedExtensionConfig":
    "/envoy.service.extension.v3.ExtensionConfigDiscoveryService/StreamExtensionConfigs",
};

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const asIs = (bytes: Buffer): Buffer => bytes;

function serviceOf(path: string): ServiceDefinition {
  const method = {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: asBuffer,
    requestDeserialize: asIs,
    responseSerialize: asBuffer,
    responseDeserialize: asIs,
  };
  return { Stream: method };
}

/** Discovery services of resources. */
export class DiscoveryServices {
  readonly #resources: readonly Resources[];
  readonly #quiet: Quiet;
  readonly #log: Log;
  readonly #calls = new Set<DiscoveryCall>();

  constructor(resources: readonly Resources[], clock: Clock, log: Log) {
    this.#resources = resources;
    this.#quiet = new Quiet(clock);
    this.#log = log;
  }

  /** Adds them to a server. */
  addTo(server: Server): void {
    for (const resources of this.#resources) {
      server.addService(serviceOf(PATHS[resources.type]!), {
        Stream: (call: DiscoveryCall) => this.#serve(call, resources),
      });
    }
  }

  /** Ends all streams; Envoys keep what they have, and look for another server. */
  end(): void {
    for (const call of this.#calls) call.end();
  }

  #serve(call: DiscoveryCall, resources: Resources): void {
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
