// Traces for tests.

import type { TraceRequest } from "../../../sidecar/simulate/trace.ts";
import { createRandom } from "../../../simulator/random.ts";

/** A request with the ids that its length needs, all its own unless given. */
export function request(fields: Partial<TraceRequest> = {}): TraceRequest {
  const { promptTokens = 512 } = fields;
  const hashIds = Array.from({ length: Math.ceil(promptTokens / 512) }, (_, index) => index);
  return { timestamp: 0, promptTokens, outputTokens: 10, hashIds, ...fields };
}

/** Conversations in turns: all share a system prompt of one id, each turn's prompt holds the one before it. */
export function conversations(count: number, turns: number, seed: number): TraceRequest[] {
  const draw = createRandom(seed);
  const requests: TraceRequest[] = [];
  for (let turn = 0; turn < turns; turn++) {
    for (let one = 0; one < count; one++) {
      const own = Array.from({ length: 2 * (turn + 1) }, (_, index) => 1 + one * 2 * turns + index);
      requests.push({
        timestamp: Math.floor((turn * count + one + draw()) * 40),
        promptTokens: 512 * (own.length + 1) - Math.floor(draw() * 200),
        outputTokens: 5 + Math.floor(draw() * 40),
        hashIds: [0, ...own],
      });
    }
  }
  return requests;
}

/** Requests as the lines of a trace file. */
export function traceText(requests: readonly TraceRequest[]): string {
  return requests
    .map(({ timestamp, promptTokens, outputTokens, hashIds }) =>
      JSON.stringify({ timestamp, input_length: promptTokens, output_length: outputTokens, hash_ids: hashIds }),
    )
    .map((line) => `${line}\n`)
    .join("");
}
