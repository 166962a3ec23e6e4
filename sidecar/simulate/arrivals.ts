import type { Timing } from "../../simulator/timing.ts";
import type { TraceRequest } from "./trace.ts";

/**
 * Milliseconds for which a request holds one of a full batch's places, were nothing of its prompt cached:
 *
 *     prefillBase + prefillPerToken x prompt + decodePerToken x (output - 1)
 *
 * at the full batch's costs; the first output token comes with the prefill.
 */
export function fullBatchTime(request: TraceRequest, timing: Timing): number {
  const prefill = timing.prefillBaseMs + timing.prefillPerTokenMs * request.promptTokens;
  return prefill + timing.decodePerTokenMs * (request.outputTokens - 1);
}

/**
 * Milliseconds over which requests have to arrive to be a given load:
 *
 *     sum of fullBatchTime / (servers x maxNumSeqs) / load
 *
 * At load 1 they arrive as fast as servers with full batches finish them when no prefix is ever cached. Cache hits
 * and batches that are not full make the servers faster than that.
 */
export function spanAtLoad(requests: readonly TraceRequest[], timing: Timing, servers: number, load: number): number {
  const work = requests.reduce((sum, request) => sum + fullBatchTime(request, timing), 0);
  return work / (servers * timing.maxNumSeqs) / load;
}

/** The smallest time between two different timestamps: how finely the trace tells time. 0 where all are equal. */
export function resolution(requests: readonly TraceRequest[]): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 1; i < requests.length; i++) {
    const gap = requests[i]!.timestamp - requests[i - 1]!.timestamp;
    if (gap > 0 && gap < smallest) smallest = gap;
  }
  return Number.isFinite(smallest) ? smallest : 0;
}

/**
 * When each request arrives, in milliseconds from the first one and at the trace's own speed. Requests with equal
 * timestamps are spread evenly over the trace's resolution: a trace that counts in steps of seconds did not see
 * everything arrive at once.
 */
export function arrivals(requests: readonly TraceRequest[]): number[] {
  const step = resolution(requests);
  const zero = requests[0]?.timestamp ?? 0;
  const times: number[] = [];
  for (let from = 0, to = 0; from < requests.length; from = to) {
    const { timestamp } = requests[from]!;
    while (to < requests.length && requests[to]!.timestamp === timestamp) to++;
    for (let i = from; i < to; i++) times.push(timestamp - zero + (step * (i - from)) / (to - from));
  }
  return times;
}
