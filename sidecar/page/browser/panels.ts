// The panels below the endpoints.

import type { ConfigStanding } from "../config-standing.ts";
import type { PoolTraffic } from "../traffic.ts";
import { fillSentence, fillTable, make } from "./dom.ts";
import { clockTime, duration, percent, rate } from "./format.ts";

/** Of so many recent answers, how many had their first token within which time. */
export function showLatencies(place: HTMLElement, { ttft }: PoolTraffic, bounds: readonly number[]): void {
  const all = ttft.reduce((sum, count) => sum + count, 0);
  if (all < 0.01) {
    place.replaceChildren();
    fillSentence(place, "No streamed answer of late.");
    return;
  }
  const last = ttft.findLastIndex((count) => count / all >= 0.001);
  const rows = ttft.slice(0, last + 1).map((count, index) => {
    const bound = bounds[index];
    const from = index === 0 ? 0 : bounds[index - 1]!;
    const label = bound === undefined ? `over ${duration(from)}` : `up to ${duration(bound)}`;
    const share = count / all;
    return [label, percent(share), "█".repeat(Math.round(share * 24))];
  });
  fillTable(place, ["time", "share", ""], rows, [2]);
}

/** Milliseconds below which a share of the counted latencies lies, interpolated; undefined: nothing was counted. */
export function quantile(counts: readonly number[], bounds: readonly number[], share: number): number | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all < 0.01) return undefined;
  let before = 0;
  for (const [index, count] of counts.entries()) {
    if (before + count >= share * all) {
      const from = index === 0 ? 0 : bounds[index - 1]!;
      const to = bounds[index] ?? from;
      return from + (to - from) * ((share * all - before) / count);
    }
    before += count;
  }
  return bounds.at(-1);
}

/** Requests by priority. */
export function showPriorities(place: HTMLElement, { priorities }: PoolTraffic): void {
  if (priorities.length === 0) {
    fillSentence(place, "No requests yet.");
    return;
  }
  const rows = priorities.map(({ priority, requests, refused, waited }) => [
    String(priority),
    rate(requests),
    duration(waited),
    rate(refused),
  ]);
  fillTable(place, ["priority", "req/s", "mean wait", "refused/s"], rows);
}

/** The last requests, newest first. @param nameOf an endpoint's name by its key. */
export function showRecent(place: HTMLElement, { recent }: PoolTraffic, nameOf: (key: string) => string): void {
  if (recent.length === 0) {
    fillSentence(place, "No requests yet.");
    return;
  }
  const rows = recent.map((one) => [
    clockTime(one.at),
    one.target === "" || one.target === one.model ? one.model : `${one.model} → ${one.target}`,
    one.endpoint === undefined ? "the gateway itself" : nameOf(one.endpoint),
    one.status === 0 ? "cut off" : String(one.status),
    String(one.priority),
    duration(one.queued),
    one.ttft === undefined ? "–" : duration(one.ttft),
    duration(one.duration),
    one.promptTokens === 0 ? "–" : `${one.promptTokens} (${one.cachedTokens})`,
    one.outputTokens === 0 ? "–" : String(one.outputTokens),
  ]);
  const head = ["time", "model", "served by", "status", "priority", "waited", "first token", "duration"];
  fillTable(place, [...head, "prompt (cached)", "output"], rows, [1, 2]);
}

/** Which configuration is in force, and what is wrong with the one that is not. */
export function showConfig(place: HTMLElement, { origin, since, problems }: ConfigStanding): void {
  const parts: HTMLElement[] = [make("p", `In force since ${clockTime(since)}: ${origin}`)];
  if (problems.length > 0) {
    parts.push(make("p", "Its present version is refused, and the one before stays in force:", "problem"));
    parts.push(
      make(
        "ul",
        problems.map((problem) => make("li", problem)),
      ),
    );
  }
  const holder = make("div", parts);
  if (place.innerHTML !== holder.innerHTML) place.replaceChildren(...parts);
}
