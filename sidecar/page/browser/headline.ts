import type { EndpointView, PoolView } from "../overview.ts";
import type { WhyAnswer } from "../why.ts";
import { make, setText } from "./dom.ts";
import { favourite } from "./favourite.ts";
import { duration, percent, percentOrNone, rate } from "./format.ts";
import { quantile } from "./panels.ts";
import { mainReason } from "./reasons.ts";

/** Why one of its latest requests went to the favourite; undefined where the explanation comes to another endpoint. */
function reasonFor({ address }: EndpointView, why: WhyAnswer | undefined): string | undefined {
  if (why === undefined || why.destinations[0] !== address) return undefined;
  const reason = mainReason(why);
  if (reason === undefined) return "One of its latest went there by chance, for no scorer prefers any endpoint.";
  return `One of its latest went there because it had ${reason.words} (${reason.scorer}).`;
}

/**
 * Who gets the most requests, and why, in a few sentences.
 * @param why of a new prompt.
 * @param whyFavourite of one of the favourite's latest requests.
 */
export function headline(
  pool: PoolView,
  why: WhyAnswer | string | undefined,
  whyFavourite: WhyAnswer | undefined,
): string {
  if (pool.endpoints.length === 0) return "This pool has no endpoints: every request is answered with 503.";
  if (!pool.endpoints.some(({ ready }) => ready)) return "No endpoint of this pool takes requests.";
  const first = favourite(pool);
  if (first === undefined) return "No requests of late.";
  const even = 1 / pool.endpoints.length;
  const parts = [`${first.name} gets the most requests, ${percent(first.share)} of late`];
  parts.push(first.share < even * 1.25 ? "which is about its even share." : `where an even share is ${percent(even)}.`);
  const sentences = [parts.join(", ")];
  sentences.push(reasonFor(first, whyFavourite) ?? "");
  if (first.errors >= 0.01) sentences.push(`${percent(first.errors)} of its answers are errors.`);
  if (first.cached !== undefined) sentences.push(`It had ${percent(first.cached)} of its prompts' tokens cached.`);
  if (typeof why === "object") sentences.push(nextSentence(pool, why));
  return sentences.filter((sentence) => sentence !== "").join(" ");
}

function nextSentence(pool: PoolView, why: WhyAnswer): string {
  const next = pool.endpoints.find(({ address }) => address === why.destinations[0]);
  if (next === undefined) return why.refusal === null ? "" : "A new prompt would get no endpoint now.";
  if (why.waits) return "A new prompt would have to wait now: the pool is saturated, or others wait before it.";
  const reason = mainReason(why);
  const because = reason === undefined ? "by chance" : `because it has ${reason.words} (${reason.scorer})`;
  return `A new prompt would go to ${next.name} now, ${because}.`;
}

function sum(pool: PoolView, of: "waiting" | "running" | "inFlight"): string {
  return String(pool.endpoints.reduce((total, endpoint) => total + endpoint[of], 0));
}

/** Those whose figures are too old to go by are not among the ready ones. */
function readiness(endpoints: readonly EndpointView[]): string {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  const stale = ready.filter((endpoint) => endpoint.stale).length;
  return `${ready.length - stale} of ${endpoints.length}${stale === 0 ? "" : `, ${stale} stale`}`;
}

/** A pool's figures, by their names. */
export function figures(pool: PoolView, bounds: readonly number[]): [string, string][] {
  const { endpoints, traffic } = pool;
  const ttft = (share: number) => {
    const found = quantile(traffic.ttft, bounds, share);
    return found === undefined ? "–" : duration(found);
  };
  const waiting = traffic.priorities.reduce((total, priority) => total + priority.waiting, 0);
  return [
    ["endpoints ready", readiness(endpoints)],
    ["requests/s", rate(traffic.requests)],
    ["errors", traffic.requests === 0 ? "–" : percent(Math.min(1, traffic.errors / traffic.requests))],
    ["in flight", sum(pool, "inFlight")],
    ["queued in engines", sum(pool, "waiting")],
    ["waiting for the pool", String(waiting)],
    ["prefix hits", percentOrNone(traffic.cached)],
    ["first token p50", ttft(0.5)],
    ["first token p90", ttft(0.9)],
    ["output tokens/s", rate(traffic.outputTokens)],
  ];
}

/** Shows figures in a description list. */
export function showFigures(list: HTMLElement, all: readonly [string, string][]): void {
  if (list.children.length !== all.length) {
    list.replaceChildren(...all.map(([name]) => make("div", [make("dt", name), make("dd")])));
  }
  for (const [index, [, text]] of all.entries()) setText(list.children[index]!.children[1]!, text);
}
