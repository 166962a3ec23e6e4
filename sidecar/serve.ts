import { WIRE_VERSION } from "../wire/layout.ts";
import { EndpointNews } from "./discovery/endpoint-news.ts";
import { FileDiscovery } from "./discovery/file-discovery.ts";
import { openConfigFile } from "./epp-config/config-file.ts";
import { defaultConfig } from "./epp-config/default-config.ts";
import { LivePlans } from "./epp-config/live-plans.ts";
import { readConfig } from "./epp-config/read.ts";
import { takeSnapshot } from "./explain/take-snapshot.ts";
import { registerEndpointMetrics } from "./observe/endpoint-metrics.ts";
import { startHealthServer } from "./observe/health-server.ts";
import { startHttpServer } from "./observe/http-server.ts";
import { authority, type Listen } from "./observe/listen-error.ts";
import type { Log } from "./observe/log.ts";
import { createMetrics, type Metrics } from "./observe/metrics.ts";
import { Readiness } from "./observe/readiness.ts";
import { registerScrapeMetrics } from "./observe/scrape-metrics.ts";
import { type PushServer, startPushServer } from "./push/push-server.ts";
import { createScrapedState, type ScrapedState } from "./state/scraped-state.ts";
import { type Clock, systemClock } from "./support/clock.ts";
import { findingText } from "./support/findings.ts";

/** What the command line decides. Durations are milliseconds, ports may be 0 for any free one. */
export interface ServeSettings {
  /** File of pools and endpoints. */
  readonly endpointsFile: string;
  /** Where the EndpointPickerConfig is; in neither place: the built-in one. */
  readonly config: { readonly file?: string; readonly text?: string };
  /** IP address for all ports. */
  readonly bind: string;
  readonly grpcPort: number;
  readonly grpcHealthPort: number;
  readonly metricsPort: number;
  readonly refreshMetricsInterval: number;
  readonly metricsStalenessThreshold: number;
  /** Chosen by the scraper where left out. */
  readonly scrapeTimeout?: number;
}

/** A sidecar at work. */
export interface Running {
  readonly ports: { readonly grpc: number; readonly health: number; readonly metrics: number };
  /** Ends streams, scrapes and listeners, newest first. */
  stop(): Promise<void>;
}

/** The sidecar cannot start. */
export class StartRefused extends Error {
  /** Every reason that was found, each with a message for people. */
  readonly reasons: readonly Error[];

  constructor(reasons: readonly Error[]) {
    super(reasons.map((reason) => reason.message).join("\n"));
    this.name = "StartRefused";
    this.reasons = reasons;
  }
}

const DISCOVERY = "discovery";
const PUSH = "push";
/** Milliseconds that streams and calls get to end by themselves. */
const GRACE = 2000;

interface Parts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

async function openPlans(
  { file, text }: ServeSettings["config"],
  { clock, log, metrics }: Parts,
): Promise<{ plans: LivePlans; stop: () => void }> {
  if (file !== undefined) return openConfigFile({ path: file, clock, log, observer: metrics.reload });
  const { config, warnings } = text === undefined ? defaultConfig() : readConfig(text, "--config-text");
  if (warnings.length > 0) log.warn({ warnings: warnings.map(findingText) }, "configuration warnings");
  return { plans: new LivePlans(config), stop: () => undefined };
}

function openState(settings: ServeSettings, { clock, log, metrics }: Parts): ScrapedState {
  const file = settings.endpointsFile;
  const news = new EndpointNews(file, log, metrics.endpoints);
  const discovery = new FileDiscovery({
    file,
    clock,
    onApplied: (version) => news.applied(version),
    onRefused: (error) => news.refused(error),
  });
  return createScrapedState({
    discovery,
    clock,
    interval: settings.refreshMetricsInterval,
    metricsStalenessThreshold: settings.metricsStalenessThreshold,
    ...(settings.scrapeTimeout !== undefined && { timeout: settings.scrapeTimeout }),
    onTargetChange({ outcome, ...target }) {
      if (outcome === "ok") log.info(target, "endpoint is scraped");
      else log.warn({ ...target, outcome }, "endpoint cannot be scraped");
    },
  });
}

/** What has been started, and what went wrong; one start tries everything, so that it tells all that is wrong. */
class Start {
  readonly failures: Error[] = [];
  readonly #stops: (() => Promise<void> | void)[] = [];

  /** The opened thing, or undefined and a failure more. */
  async attempt<T>(open: () => Promise<T>): Promise<T | undefined> {
    try {
      return await open();
    } catch (error) {
      this.failures.push(error as Error);
      return undefined;
    }
  }

  /** Remembers how to end what has been started. */
  add(stop: () => Promise<void> | void): void {
    this.#stops.push(stop);
  }

  /** Ends everything, newest first. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}

/**
 * Starts everything: configuration, endpoints, probes and metrics, then the push, which listens only once there is
 * something to push. A gateway that connects at once must not be told that there are no pools.
 * @throws StartRefused with all reasons; whatever had been started is stopped.
 */
export async function serve(settings: ServeSettings, version: string, log: Log): Promise<Running> {
  const parts: Parts = { clock: systemClock, log, metrics: createMetrics(version) };
  const { clock, metrics } = parts;
  const { registry } = metrics;
  const readiness = new Readiness([DISCOVERY, PUSH]);
  const start = new Start();

  const listenOn = (port: number, flag: string): Listen => ({ host: settings.bind, port, flag });
  function listening(what: string, port: number, stop: () => Promise<void>): void {
    start.add(stop);
    log.info({ address: authority(settings.bind, port) }, `listening for ${what}`);
  }

  log.info({ version, wireVersion: WIRE_VERSION }, "starting");
  const plans = await start.attempt(() => openPlans(settings.config, parts));
  if (plans !== undefined) start.add(plans.stop);
  const state = openState(settings, parts);
  start.add(() => state.stop());
  registerEndpointMetrics(registry, state.source, clock);
  registerScrapeMetrics(registry, state.scrapes);

  let push: PushServer | undefined;
  const snapshot = () => plans && push && takeSnapshot(state.source, plans.plans, push.told);
  const http = await start.attempt(() =>
    startHttpServer(listenOn(settings.metricsPort, "--metrics-port"), { registry, readiness, state: snapshot }),
  );
  if (http !== undefined) listening("metrics and probes", http.port, () => http.stop());
  const health = await start.attempt(() =>
    startHealthServer(listenOn(settings.grpcHealthPort, "--grpc-health-port"), readiness),
  );
  if (health !== undefined) listening("gRPC health checks", health.port, () => health.close(GRACE));
  await start.attempt(async () => {
    await state.start();
    await state.firstRound();
    readiness.met(DISCOVERY);
  });
  push = await start.attempt(async () => {
    if (plans === undefined || start.failures.length > 0) return undefined;
    const listen = listenOn(settings.grpcPort, "--grpc-port");
    return startPushServer({ source: state.source, plans: plans.plans, listen, clock, log, observer: metrics.push });
  });
  if (push === undefined || http === undefined || health === undefined) {
    await start.stop();
    throw new StartRefused(start.failures);
  }
  listening("gateways", push.port, () => push.stop(GRACE));
  start.add(() => readiness.lost(PUSH));
  readiness.met(PUSH);
  return { ports: { grpc: push.port, health: health.port, metrics: http.port }, stop: () => start.stop() };
}
