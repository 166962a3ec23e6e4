import type { PoolView } from "../overview.ts";
import { make, setText } from "./dom.ts";
import { duration, percent, percentOrNone, rate } from "./format.ts";
import { quantile } from "./panels.ts";
import { mainReason, type WhyAnswer } from "./why.ts";

/** Requests per second below which shares say nothing. */
const QUIET_BELOW = 0.02;

/** Who gets the most requests, and why, in a sentence. */
export function headline(pool: PoolView, why: WhyAnswer | string | undefined): string {
  if (pool.endpoints.length === 0) return "This pool has no endpoints: every request is answered with 503.";
  if (!pool.endpoints.some(({ ready }) => ready)) return "No endpoint of this pool takes requests.";
  if (pool.traffic.requests < QUIET_BELOW) return "No requests of late.";
  const first = pool.endpoints.reduce((best, one) => (one.share > best.share ? one : best));
  const even = 1 / pool.endpoints.length;
  const parts = [`${first.name} gets the most requests, ${percent(first.share)} of late`];
  parts.push(first.share < even * 1.25 ? "which is about its even share." : `where an even share is ${percent(even)}.`);
  const sentences = [parts.join(", ")];
  if (first.cached !== undefined) sentences.push(`It had ${percent(first.cached)} of its prompts' tokens cached.`);
  const reason = typeof why === "object" ? mainReason(why) : undefined;
  const next =
    typeof why === "object" ? pool.endpoints.find(({ address }) => address === why.destinations[0]) : undefined;
  if (reason !== undefined && next !== undefined) {
    sentences.push(
      `A new prompt would go to ${next.name} now, mostly for its ${reason.scorer} (${reason.score.toFixed(2)}).`,
    );
  }
  return sentences.join(" ");
}

function sum(pool: PoolView, of: "waiting" | "running" | "inFlight"): string {
  return String(pool.endpoints.reduce((total, endpoint) => total + endpoint[of], 0));
}

/** A pool's figures, by their names. */
export function figures(pool: PoolView, bounds: readonly number[]): [string, string][] {
  const { endpoints, traffic } = pool;
  const ttft = (share: number) => {
    const found = quantile(traffic.ttft, bounds, share);
    return found === undefined ? "–" : duration(found);
  };
  return [
    ["endpoints ready", `${endpoints.filter(({ ready }) => ready).length} of ${endpoints.length}`],
    ["requests/s", rate(traffic.requests)],
    ["errors", traffic.requests === 0 ? "–" : percent(Math.min(1, traffic.errors / traffic.requests))],
    ["in flight", sum(pool, "inFlight")],
    ["queued in engines", sum(pool, "waiting")],
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
