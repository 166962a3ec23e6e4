// The filter's own rule for what an endpoint has to do now, where a scrape tells what it had to do then.

/** What an endpoint has waiting and running, in requests. */
export type Work = { readonly queue: number; readonly running: number };

/**
 * Joins a sample with the requests in flight from here, of which there were `inFlightThen` when it was taken. The
 * endpoint has what the sample saw, changed as much as what we have there has changed, and never less than what we
 * have there now. Requests beyond the sample run where nobody waited; those beyond the `limit` of what engines run, or
 * beyond what the sample saw running, wait too. Where some waited they may be waiting or running and count as both.
 * Those that have ended leave the queue first, then the running ones.
 */
export function estimate(
  sample: Work,
  inFlightThen: number,
  inFlightNow: number,
  limit = Number.POSITIVE_INFINITY,
): Work {
  const seen = sample.queue + sample.running;
  const total = Math.max(seen + inFlightNow - inFlightThen, inFlightNow);
  if (total >= seen) {
    const unseen = total - seen;
    const queue = sample.queue > 0 ? sample.queue + unseen : Math.max(total - Math.max(limit, sample.running), 0);
    return { queue, running: sample.running + unseen };
  }
  const running = Math.min(sample.running, total);
  return { queue: total - running, running };
}

/** What engines of a pool run at most: the most that runs where some wait; Infinity where none has a queue. */
export function batchLimit(samples: readonly Work[]): number {
  const full = samples.filter(({ queue, running }) => queue > 0 && running > 0).map(({ running }) => running);
  return full.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...full);
}
