import { ENGINE_VLLM, WIRE_VERSION } from "../wire/layout.ts";
import type { Observed } from "../wire/model.ts";
import type { Discovery } from "./discovery/pool.ts";
import { startExtensionServer } from "./envoy-gateway/extension-server.ts";
import { openGatewayResources } from "./envoy-gateway/gateway-resources.ts";
import { openConfigFile, type ReloadObserver } from "./epp-config/config-file.ts";
import { defaultConfig } from "./epp-config/default-config.ts";
import { LivePlans } from "./epp-config/live-plans.ts";
import { readConfig } from "./epp-config/read.ts";
import { takePoolSnapshot, takeSnapshot } from "./explain/take-snapshot.ts";
import { registerExtProcMetrics } from "./ext-proc/register-metrics.ts";
import { ExtProcServer } from "./ext-proc/server.ts";
import { FilterMissing, readFilterFile } from "./filter/module.ts";
import { openSecurity } from "./grpc/secure-port.ts";
import { countedLedger } from "./limits/ledger-metrics.ts";
import { MemoryLedger } from "./limits/memory-ledger.ts";
import { ConfiguredModels } from "./observations/configured-models.ts";
import { PoolNames } from "./observations/pool-names.ts";
import { registerRequestMetrics } from "./observations/request-metrics.ts";
import { registerEndpointMetrics } from "./observe/endpoint-metrics.ts";
import { checkPort } from "./observe/free-port.ts";
import { startHealthServer } from "./observe/health-server.ts";
import { startHttpServer } from "./observe/http-server.ts";
import { authority, type Listen } from "./observe/listen-error.ts";
import type { Log } from "./observe/log.ts";
import { createMetrics } from "./observe/metrics.ts";
import { registerPoolMetrics } from "./observe/pool-metrics.ts";
import { Readiness } from "./observe/readiness.ts";
import { registerReplicaMetrics } from "./observe/replica-metrics.ts";
import { registerScrapeMetrics } from "./observe/scrape-metrics.ts";
import { TargetNews } from "./observe/target-news.ts";
import { openOrigin, type Parts } from "./origin.ts";
import { ConfigNews } from "./page/config-standing.ts";
import { openPage } from "./page/open-page.ts";
import { type PushServer, startPushServer } from "./push/push-server.ts";
import { type Replicas, startReplicas } from "./replicas/replicas.ts";
import { engineMetrics } from "./scrape/engines.ts";
import type { ServeSettings } from "./serve-settings.ts";
import { Start, StartRefused } from "./start.ts";
import { createScrapedState, type ScrapedState } from "./state/scraped-state.ts";
import { systemClock } from "./support/clock.ts";
import { formatDuration } from "./support/duration.ts";
import { findingText } from "./support/findings.ts";

/** A sidecar at work. */
export interface Running {
  readonly ports: { readonly grpc: number; readonly health: number; readonly metrics: number; readonly page?: number };
  /** Says that it is not ready, waits for so long as it is told to, and ends streams, listeners and scrapes. */
  stop(): Promise<void>;
}

const DISCOVERY = "discovery";
const PUSH = "push";
/** Milliseconds that streams and calls get to end by themselves. */
const GRACE = 2000;

/** Leaves gateways time to be sent to another replica while they are still served here. */
function drain(milliseconds: number, { clock, log }: Parts): Promise<void> {
  if (milliseconds === 0) return Promise.resolve();
  log.info({ time: formatDuration(milliseconds) }, "not ready any more, gateways are still served");
  return new Promise((resolve) => clock.after(milliseconds, resolve));
}

async function openPlans(
  { file, text }: ServeSettings["config"],
  { clock, log }: Parts,
  observer: ReloadObserver,
): Promise<{ plans: LivePlans; stop: () => void }> {
  if (file !== undefined) return openConfigFile({ path: file, clock, log, observer });
  const { config, warnings } = text === undefined ? defaultConfig() : readConfig(text, "--config-text");
  if (warnings.length > 0) log.warn({ warnings: warnings.map(findingText) }, "configuration warnings");
  return { plans: new LivePlans(config), stop: () => undefined };
}

/** An event's promise; with it go those who wait for what may never come. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

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

function openState(
  settings: ServeSettings,
  discovery: Discovery,
  replicas: Replicas | undefined,
  news: TargetNews,
  { clock }: Parts,
): ScrapedState {
  const { vllmMetrics } = settings;
  return createScrapedState({
    discovery,
    clock,
    interval: settings.refreshMetricsInterval,
    metricsStalenessThreshold: settings.metricsStalenessThreshold,
    ...(settings.scrapeTimeout !== undefined && { timeout: settings.scrapeTimeout }),
    verifyTls: settings.verifyMetricsTls,
    ...(vllmMetrics && { metricsOf: (engine) => (engine === ENGINE_VLLM ? vllmMetrics : engineMetrics(engine)) }),
    ...(replicas !== undefined && { makeScraper: replicas.makeScraper }),
    onTargetChange: (change) => news.changed(change),
  });
}

/**
 * Starts everything: configuration, probes and metrics, endpoints, then the push, which listens only once there is
 * something to push. A gateway that connects at once must not be told that there are no pools. Whatever can be known
 * to be wrong is told before a cluster is waited for, which may take for ever.
 * @param stopping ends the start too.
 * @returns undefined where it was ended; whatever had been started is stopped.
 * @throws StartRefused with all reasons; likewise.
 */
export async function serve(
  settings: ServeSettings,
  version: string,
  log: Log,
  stopping: AbortSignal,
): Promise<Running | undefined> {
  const parts: Parts = { clock: systemClock, log, metrics: createMetrics(version) };
  const { clock, metrics } = parts;
  const { registry } = metrics;
  const readiness = new Readiness([DISCOVERY, PUSH]);
  const start = new Start();

  const listenOn = (port: number, flag: string): Listen => ({ host: settings.bind, port, flag });
  function listening(what: string, port: number, stop: () => Promise<void>, host = settings.bind): void {
    start.add(stop);
    log.info({ address: authority(host, port) }, `listening for ${what}`);
  }

  log.info({ version, wireVersion: WIRE_VERSION }, "starting");
  const { file, text } = settings.config;
  const configNews = new ConfigNews(file ?? (text === undefined ? "built in" : "--config-text"), metrics.reload);
  const plans = await start.attempt(() => openPlans(settings.config, parts, configNews));
  if (plans !== undefined) start.add(plans.stop);
  const origin = await start.attempt(() => openOrigin(settings, parts));
  if (origin !== undefined) start.add(() => origin.stop());
  const meeting = settings.replicas;
  const replicas = origin && meeting && startReplicas({ settings: meeting, served: origin.served, clock, log });
  if (replicas !== undefined) {
    start.add(() => replicas.stop());
    registerReplicaMetrics(registry, replicas.report);
  }
  const news = new TargetNews(clock, log);
  start.add(() => news.stop());
  const state = origin && openState(settings, origin.discovery, replicas, news, parts);
  if (state !== undefined) {
    start.add(() => state.stop());
    registerEndpointMetrics(registry, state.source, clock);
    registerPoolMetrics(registry, state.source, clock);
    registerScrapeMetrics(registry, state.scrapes);
  }

  let push: PushServer | undefined;
  const filter = openFilter(settings, parts);
  const snapshot = () => plans && push && state && takeSnapshot(state.source, plans.plans, push.told);
  const http = await start.attempt(() =>
    startHttpServer(listenOn(settings.metricsPort, "--metrics-port"), {
      registry,
      readiness,
      state: snapshot,
      ...(origin?.mayRead && { mayRead: origin.mayRead }),
      ...(filter && { filter }),
    }),
  );
  if (http !== undefined) listening("metrics and probes", http.port, () => http.stop());
  const health = await start.attempt(() =>
    startHealthServer(listenOn(settings.grpcHealthPort, "--grpc-health-port"), readiness),
  );
  if (health !== undefined) listening("gRPC health checks", health.port, () => health.close(GRACE));
  const { envoyGateway } = settings;
  if (envoyGateway !== undefined) {
    const at = listenOn(envoyGateway.port, "--envoy-gateway-extension-port");
    const extension = await start.attempt(() => startExtensionServer(at, envoyGateway, clock, log));
    if (extension !== undefined) listening("Envoy Gateway", extension.port, () => extension.close(GRACE));
  }
  const resources =
    envoyGateway && state && (await start.attempt(() => openGatewayResources(state.source, envoyGateway, clock, log)));
  const page =
    settings.page &&
    state &&
    (await start.attempt(() =>
      openPage(settings.page!, {
        ...{ clock, version, source: state.source },
        state: (pool) => plans && push && takePoolSnapshot(pool, state.source, plans.plans, push.told),
        missing: () => readiness.missing,
        config: () => configNews.standing,
        gateways: () => push?.gateways() ?? [],
        inFlight: (endpoint) => push?.told.flights.total(endpoint) ?? { requests: 0, tokens: 0, prefill: 0 },
      }),
    ));
  if (page !== undefined) listening("people", page.port, () => page.stop(), settings.page!.bind);
  const listen = listenOn(settings.grpcPort, "--grpc-port");
  const security = await start.attempt(() => openSecurity(settings.tls, clock, log));
  if (security !== undefined) start.add(() => security.stop());
  await start.attempt(() => checkPort(listen));

  // A file is read even where something else is wrong, so that all is told at once; a cluster is not waited for.
  if (state !== undefined && (origin?.isAtHand || start.failures.length === 0)) {
    const known = start.attempt(async () => {
      await state.start();
      await state.firstRound();
    });
    await Promise.race([known, aborted(stopping)]);
  }
  if (start.failures.length === 0 && !stopping.aborted && plans !== undefined && state !== undefined) {
    readiness.met(DISCOVERY);
    const poolNames = new PoolNames(state.source);
    const configured = new ConfiguredModels(state.source);
    const count = registerRequestMetrics(registry, {
      poolName: (key) => poolNames.of(key),
      isConfigured: (pool, model) => configured.has(pool, model),
      clock,
    });
    const observed = (batch: Observed): void => {
      count(batch);
      for (const record of batch.records) page?.traffic.add(poolNames.of(record.pool), record);
    };
    const { extProc } = settings;
    const server = extProc && new ExtProcServer({ settings: extProc, clock, log, push: () => push! });
    if (server !== undefined) {
      start.add(() => server.stop());
      registerExtProcMetrics(registry, server);
    }
    push = await start.attempt(() =>
      startPushServer({
        source: state.source,
        plans: plans.plans,
        listen,
        clock,
        log,
        observer: metrics.push,
        observed,
        ...(security !== undefined && { security: security.security }),
        methods: [...(server?.methods ?? []), ...(resources?.methods ?? [])],
        budgets: countedLedger(replicas?.budgets ?? new MemoryLedger(clock), registry),
        ...(replicas !== undefined && { peers: replicas.peers }),
      }),
    );
  }
  if (push !== undefined) security?.follow(push.renew);
  if (push === undefined || http === undefined || health === undefined) {
    const failures = [...start.failures]; // not those of what is stopped while it starts
    await start.stop();
    if (failures.length === 0) return undefined;
    throw new StartRefused(failures);
  }
  listening("gateways", push.port, () => {
    resources?.stop();
    return push.stop(GRACE);
  });
  readiness.met(PUSH);
  return {
    ports: { grpc: push.port, health: health.port, metrics: http.port, ...(page !== undefined && { page: page.port }) },
    async stop() {
      readiness.lost(PUSH);
      await drain(settings.drainTimeout, parts);
      await start.stop();
    },
  };
}
