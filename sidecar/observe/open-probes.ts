// The ports for Prometheus and for probes, opened.

import { FilterMissing, readFilterFile } from "../filter/module.ts";
import type { Parts } from "../parts.ts";
import type { ServeSettings } from "../serve-settings.ts";
import { startHealthServer } from "./health-server.ts";
import { type HttpServer, type HttpSources, startHttpServer } from "./http-server.ts";
import { tellListening } from "./listening.ts";
import type { Readiness } from "./readiness.ts";

/** Milliseconds that probes under way get to end by themselves. */
const GRACE = 2000;

/** The filter's file for gateways; none where that is off, or where there is none, which is told. */
function openFilter({ serveFilter }: ServeSettings, { log }: Parts): ReturnType<typeof readFilterFile> | undefined {
  if (!serveFilter) return undefined;
  try {
    const file = readFilterFile();
    log.info({ path: "/filter.wasm", sha256: file.sha256 }, "the filter can be fetched from the metrics port");
    return file;
  } catch (error) {
    if (!(error instanceof FilterMissing)) throw error;
    log.warn({ reason: error.message }, "the filter cannot be fetched from here");
    return undefined;
  }
}

/**
 * Listens for Prometheus, for probes by HTTP and for who fetches the filter.
 * @throws ListenError where the port cannot be had.
 */
export async function openMetricsPort(
  settings: ServeSettings,
  sources: Omit<HttpSources, "registry" | "filter">,
  parts: Parts,
): Promise<HttpServer> {
  const at = { host: settings.bind, port: settings.metricsPort, flag: "--metrics-port" };
  const filter = openFilter(settings, parts);
  const server = await startHttpServer(at, {
    ...sources,
    registry: parts.metrics.registry,
    ...(filter && { filter }),
  });
  tellListening(parts.log, "metrics and probes", at, server.port);
  return server;
}

/** A port that is listened on. */
export interface OpenPort {
  /** The port in use. */
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Listens for gRPC's health checks.
 * @throws ListenError where the port cannot be had.
 */
export async function openHealthPort(
  { bind, grpcHealthPort }: ServeSettings,
  readiness: Readiness,
  { log }: Parts,
): Promise<OpenPort> {
  const at = { host: bind, port: grpcHealthPort, flag: "--grpc-health-port" };
  const { port, close } = await startHealthServer(at, readiness);
  tellListening(log, "gRPC health checks", at, port);
  return { port, stop: () => close(GRACE) };
}
