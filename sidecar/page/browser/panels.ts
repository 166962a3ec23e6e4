// The panels below the endpoints.

import type { PoolTraffic } from "../traffic.ts";
import { fillSentence, fillTable } from "./dom.ts";
import { duration, percent, rate } from "./format.ts";

/** Of so many recent answers, how many had their first token within which time. */
export function showLatencies(place: HTMLElement, { ttft }: PoolTraffic, bounds: readonly number[]): void {
  const all = ttft.reduce((sum, count) => sum + count, 0);
  if (all < 0.01) {
    fillSentence(place, "No streamed answer of late.");
    return;
  }
  const last = ttft.findLastIndex((count) => count / all >= 0.001);
  const first = ttft.findIndex((count) => count / all >= 0.001);
  const most = Math.max(...ttft);
  const rows = ttft.slice(first, last + 1).map((count, offset) => {
    const index = first + offset;
    const bound = bounds[index];
    const from = index === 0 ? 0 : bounds[index - 1]!;
    const label = bound === undefined ? `over ${duration(from)}` : `up to ${duration(bound)}`;
    return [label, percent(count / all), count / most];
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

/** Who waits for the pool, by priority. */
export function showPriorities(place: HTMLElement, { priorities }: PoolTraffic): void {
  if (priorities.length === 0) {
    fillSentence(place, "No requests yet.");
    return;
  }
  const rows = priorities.map(({ priority, requests, refused, waiting, oldest, waited, longest }) => [
    String(priority),
    String(waiting),
    duration(oldest),
    duration(waited),
    duration(longest),
    rate(requests),
    rate(refused),
  ]);
  fillTable(place, ["priority", "waiting now", "oldest", "mean wait", "longest", "req/s", "refused/s"], rows);
}
