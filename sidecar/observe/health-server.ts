import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { rawMethod } from "../grpc/raw-method.ts";
import { type GrpcListener, listenGrpc } from "./grpc-listener.ts";
import { decodeHealthRequest, encodeHealthResponse, NOT_SERVING, SERVICE_UNKNOWN, SERVING } from "./health-messages.ts";
import type { Listen } from "./listen-error.ts";
import type { Readiness } from "./readiness.ts";

/** Answers as long as the process does; for a liveness probe that must not restart a sidecar that waits. */
const ALIVE = ["liveness"];
/**
 * Follow readiness. Other endpoint pickers' deployments probe "inference-extension", for liveness too, which they call
 * NOT_SERVING as well until they know their pool, and "envoy.service.ext_proc.v3.ExternalProcessor".
 */
const READY = [
  "",
  "envoy.service.ext_proc.v3.ExternalProcessor",
  "inference-extension",
  "inlineepp.v1.State",
  "readiness",
];

/** grpc.health.v1.Health as gRPC sees it. */
export const healthService = {
  Check: rawMethod("/grpc.health.v1.Health/Check"),
  Watch: rawMethod("/grpc.health.v1.Health/Watch", { responseStream: true }),
} satisfies ServiceDefinition;

function serviceOf(request: Buffer): string | { code: status; details: string } {
  try {
    return decodeHealthRequest(request);
  } catch (error) {
    return { code: status.INVALID_ARGUMENT, details: `not a HealthCheckRequest: ${(error as Error).message}` };
  }
}

/**
 * Serves the standard gRPC health protocol, which Kubernetes' grpc probes speak.
 * @throws ListenError where the port cannot be had.
 */
export function startHealthServer(listen: Listen, readiness: Readiness): Promise<GrpcListener> {
  function statusOf(service: string): number {
    if (ALIVE.includes(service)) return SERVING;
    if (!READY.includes(service)) return SERVICE_UNKNOWN;
    return readiness.ready ? SERVING : NOT_SERVING;
  }

  function check(call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void {
    const service = serviceOf(call.request);
    if (typeof service !== "string") {
      reply(service);
      return;
    }
    const serving = statusOf(service);
    if (serving === SERVICE_UNKNOWN) {
      reply({ code: status.NOT_FOUND, details: `no service ${JSON.stringify(service)}` });
    } else {
      reply(null, encodeHealthResponse(serving));
    }
  }

  function watch(call: ServerWritableStream<Buffer, Buffer>): void {
    const service = serviceOf(call.request);
    if (typeof service !== "string") {
      call.emit("error", service);
      return;
    }
    let told: number | undefined;
    const tell = (): void => {
      const serving = statusOf(service);
      if (serving === told) return;
      told = serving;
      call.write(encodeHealthResponse(serving));
    };
    tell();
    call.on("cancelled", readiness.subscribe(tell));
  }

  return listenGrpc(listen, {}, (server) => server.addService(healthService, { Check: check, Watch: watch }));
}
