import { WIRE_VERSION } from "../wire/layout.ts";
import { openGatewayResources } from "./envoy-gateway/gateway-resources.ts";
import { openExtension } from "./envoy-gateway/open-extension.ts";
import { openPlans, shownOrigin } from "./epp-config/open-plans.ts";
import { poolState } from "./explain/pool-state.ts";
import { takeSnapshot } from "./explain/take-snapshot.ts";
import { openExtProc } from "./ext-proc/open-ext-proc.ts";
import { openSecurity } from "./grpc/secure-port.ts";
import { openObservations } from "./observations/open-observations.ts";
import { registerCapacityMetrics } from "./observe/capacity-metrics.ts";
import { checkPort } from "./observe/free-port.ts";
import type { Log } from "./observe/log.ts";
import { createMetrics } from "./observe/metrics.ts";
import { openHealthPort, openMetricsPort } from "./observe/open-probes.ts";
import { Readiness } from "./observe/readiness.ts";
import { openOrigin } from "./origin.ts";
import { ConfigNews, configText } from "./page/config-standing.ts";
import { openPage } from "./page/open-page.ts";
import type { Parts } from "./parts.ts";
import { gatewayListen, openPush } from "./push/open-push.ts";
import type { PushServer } from "./push/push-server.ts";
import { openReplicas } from "./replicas/open-replicas.ts";
import type { ServeSettings } from "./serve-settings.ts";
import { Start, StartRefused } from "./start.ts";
import { openState } from "./state/open-state.ts";
import { systemClock } from "./support/clock.ts";
import { formatDuration } from "./support/duration.ts";
import type { Tracing } from "./tracing/open-tracing.ts";
import { sampledPlans } from "./tracing/sampled-plans.ts";
import type { TracingSettings } from "./tracing/settings.ts";

/** A sidecar at work. */
export interface Running {
  readonly ports: { readonly grpc: number; readonly health: number; readonly metrics: number; readonly page?: number };
  /** Says that it is not ready, waits for so long as it is told to, and ends streams, listeners and scrapes. */
  stop(): Promise<void>;
}

const DISCOVERY = "discovery";
const PUSH = "push";

/** Leaves gateways time to be sent to another replica while they are still served here. */
function drain(milliseconds: number, { clock, log }: Parts): Promise<void> {
  if (milliseconds === 0) return Promise.resolve();
  log.info({ time: formatDuration(milliseconds) }, "not ready any more, gateways are still served");
  return new Promise((resolve) => clock.after(milliseconds, resolve));
}

// OpenTelemetry's packages are loaded only where they are used.
async function opened(traced: TracingSettings, version: string, parts: Parts): Promise<Tracing> {
  const { openTracing } = await import("./tracing/open-tracing.ts");
  return openTracing(traced, version, parts);
}

/** An event's promise; with it go those who wait for what may never come. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
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
  const parts: Parts = { clock: systemClock, log, metrics: createMetrics(version, settings.metricsFamilies) };
  const { clock } = parts;
  const readiness = new Readiness([DISCOVERY, PUSH]);
  const start = new Start();
  log.info({ version, wireVersion: WIRE_VERSION }, "starting");

  const configNews = new ConfigNews(shownOrigin(settings.config), parts.metrics.reload);
  const config = await start.open(() => openPlans(settings.config, configNews, parts));
  const origin = await start.open(() => openOrigin(settings, parts));
  const meeting = origin && settings.replicas;
  const replicas = meeting && (await start.open(() => openReplicas(meeting, origin.served, parts)));
  const state = origin && (await start.open(() => openState(settings, origin.discovery, replicas, parts)));

  let push: PushServer | undefined;
  const inFlight = (endpoint: bigint) => push?.told.flights.total(endpoint) ?? { requests: 0, tokens: 0, prefill: 0 };
  const snapshot = () => config && push && state && takeSnapshot(state.source, config.plans, push.told);
  const asked = { readiness, state: snapshot, ...(origin?.mayRead && { mayRead: origin.mayRead }) };
  const http = await start.open(() => openMetricsPort(settings, asked, parts));
  const health = await start.open(() => openHealthPort(settings, readiness, parts));
  const { envoyGateway, extProc, tracing: traced } = settings;
  const tracing = traced && (await start.open(() => opened(traced, version, parts)));
  if (envoyGateway !== undefined) await start.open(() => openExtension(settings.bind, envoyGateway, parts));
  const resources =
    envoyGateway && state && (await start.attempt(() => openGatewayResources(state.source, envoyGateway, clock, log)));
  const shown = state && settings.page;
  const page =
    shown &&
    (await start.open(() =>
      openPage(shown, {
        ...{ clock, log, version, source: state.source },
        state: (pool) => config && push && poolState(pool, state.source, config.plans, push.told),
        configText: () => (config === undefined ? "" : configText(config.plans.config)),
        config: () => configNews.standing,
        missing: () => readiness.missing,
        gateways: () => push?.gateways() ?? [],
        inFlight,
      }),
    ));
  const security = await start.open(() => openSecurity(settings.tls, clock, log));
  await start.attempt(() => checkPort(gatewayListen(settings)));

  // A file is read even where something else is wrong, so that all is told at once; a cluster is not waited for.
  if (state !== undefined && (origin?.isAtHand || start.failures.length === 0)) {
    const known = start.attempt(async () => {
      await state.start();
      await state.firstRound();
    });
    await Promise.race([known, aborted(stopping)]);
  }

  if (start.failures.length === 0 && !stopping.aborted && config && state && security) {
    readiness.met(DISCOVERY);
    registerCapacityMetrics(parts.metrics.registry, parts.metrics.families, {
      ...{ source: state.source, plans: config.plans, inFlight, clock },
    });
    const observed = openObservations(state.source, config.plans, page?.traffic, tracing, parts);
    const answering = extProc && (await start.open(() => openExtProc(extProc, () => push!, parts)));
    const methods = [...(answering?.methods ?? []), ...(resources?.methods ?? [])];
    const plans = tracing === undefined ? config.plans : sampledPlans(config.plans, tracing.sampling);
    const pushed = { source: state.source, plans, observed, methods };
    push = await start.open(() => openPush(gatewayListen(settings), security, pushed, replicas, parts));
  }
  if (resources !== undefined) await start.open(() => resources); // to be ended before the port that serves them
  if (push === undefined || http === undefined || health === undefined) {
    const failures = [...start.failures]; // not those of what is stopped while it starts
    await start.stop();
    if (failures.length === 0) return undefined;
    throw new StartRefused(failures);
  }
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
