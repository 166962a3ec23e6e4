// What the page shows, as lines of a terminal.

import type { EndpointView, Overview, PoolView } from "../page/overview.ts";
import { columns } from "../support/columns.ts";
import { formatDuration } from "../support/duration.ts";

/** What a part of a line is, for whoever colours it. */
export type Look = "title" | "head" | "bad" | "stale";
export type Paint = (look: Look, text: string) => string;

const HEAD = ["endpoint", "share", "req/s", "queue", "running", "in flight", "KV", "cached", "age", "state"];

function percent(share: number | undefined): string {
  return share === undefined ? "-" : `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}

/** Share of an endpoint's answers that are errors from which on its state says so. */
const FAILING = 0.1;

function stateOf({ ready, stale, errors }: EndpointView): string {
  if (!ready) return "not ready";
  if (errors >= FAILING) return `errors ${percent(errors)}`;
  return stale ? "stale" : "ok";
}

function lookOf({ ready, stale, errors }: EndpointView): Look | undefined {
  if (!ready || errors >= FAILING) return "bad";
  return stale ? "stale" : undefined;
}

function endpointRow(endpoint: EndpointView): string[] {
  const { name, share, requests, waiting, running, inFlight, kvUsage, cached, age } = endpoint;
  const seconds = age === undefined ? "never" : formatDuration(Math.round(age));
  const scraped = (text: string) => (age === undefined ? "-" : text);
  const load = [scraped(String(waiting)), scraped(String(running)), String(inFlight), scraped(percent(kvUsage))];
  return [name, percent(share), requests.toFixed(2), ...load, percent(cached), seconds, stateOf(endpoint)];
}

function summary({ name, endpoints, traffic }: PoolView): string {
  const stale = endpoints.filter((endpoint) => endpoint.ready && endpoint.stale).length;
  const ready = endpoints.filter((endpoint) => endpoint.ready && !endpoint.stale).length;
  const errors = traffic.requests === 0 ? "-" : percent(Math.min(1, traffic.errors / traffic.requests));
  const parts = [
    `${ready} of ${endpoints.length} ready${stale === 0 ? "" : `, ${stale} stale`}`,
    `${traffic.requests.toFixed(1)} req/s`,
    `errors ${errors}`,
  ];
  return `${name}: ${[...parts, `prefix hits ${percent(traffic.cached)}`].join(", ")}`;
}

/** Who waits for the pool, by priority; undefined: nobody. */
function waitingLine({ traffic }: PoolView): string | undefined {
  const waiting = traffic.priorities.filter((one) => one.waiting > 0);
  if (waiting.length === 0) return undefined;
  const parts = waiting.map(({ priority, waiting, oldest }) => {
    return `${waiting} of priority ${priority} (the first for ${formatDuration(Math.round(oldest))})`;
  });
  return `waiting now: ${parts.join(", ")}`;
}

function poolLines(pool: PoolView, most: number, paint: Paint): string[] {
  const sorted = pool.endpoints.toSorted((one, other) => other.share - one.share || one.name.localeCompare(other.name));
  const waiting = waitingLine(pool);
  const shown = sorted.slice(0, Math.max(1, waiting === undefined ? most : most - 1));
  const [head = "", ...rows] = columns([HEAD, ...shown.map(endpointRow)]);
  const looks = shown.map(lookOf);
  const lines = rows.map((row, index) => (looks[index] === undefined ? row : paint(looks[index]!, row)));
  const rest = sorted.length - shown.length;
  return [
    paint("title", summary(pool)),
    ...(waiting === undefined ? [] : [waiting]),
    ...(shown.length === 0 ? [] : [paint("head", head), ...lines]),
    ...(rest > 0 ? [`... and ${rest} more`] : []),
  ];
}

/**
 * The screen's lines.
 * @param rows lines that there is room for; the busiest endpoints are shown.
 * @param wanted name of the one pool to show; all where left out.
 */
export function screen(overview: Overview, rows: number, paint: Paint, wanted?: string): string[] {
  const { version, missing, gateways, config } = overview;
  const pools = overview.pools.filter(({ name }) => wanted === undefined || name === wanted);
  const ready = missing.length === 0 ? "ready" : `not ready (${missing.join(", ")})`;
  const head = [`inline-epp ${version}, ${ready}, gateways: ${gateways.length}, configuration: ${config.origin}`];
  for (const problem of config.problems) head.push(paint("bad", `configuration refused: ${problem}`));
  // Of each pool its own line, the table's head, the line of those left out and an empty one.
  const room = Math.floor((rows - head.length) / Math.max(1, pools.length)) - 4;
  return [...head, ...pools.flatMap((pool) => ["", ...poolLines(pool, Math.max(1, room), paint)])];
}
