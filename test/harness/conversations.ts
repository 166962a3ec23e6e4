// A made-up workload with the structure of chats: many conversations that share a system prompt, each turn's prompt
// being all that was said before and something new.

import { TOKENS_PER_ID, type TraceRequest } from "../../sidecar/simulate/trace.ts";
import { createRandom } from "../../simulator/random.ts";

/** How conversations are to be; lengths in tokens, times in milliseconds. */
export interface ConversationSettings {
  readonly seed: number;
  readonly requests: number;
  /** Turns of a conversation, if its prompt does not reach `longestPrompt` before. */
  readonly turns: number;
  /** A multiple of TOKENS_PER_ID. */
  readonly systemPrompt: number;
  readonly longestPrompt: number;
  /** What a turn adds to the prompt, and the answer's length: evenly between two values. */
  readonly turn: readonly [number, number];
  readonly output: readonly [number, number];
  /** Means of exponential times: from one conversation's beginning to the next one's, and between its turns. */
  readonly betweenConversations: number;
  readonly betweenTurns: number;
}

/** The requests of as many conversations as it takes, in order of time. */
export function conversations(settings: ConversationSettings): TraceRequest[] {
  const random = createRandom(settings.seed);
  const evenly = ([least, most]: readonly [number, number]) => Math.round(least + random() * (most - least));
  const exponential = (mean: number) => -mean * Math.log(1 - random());
  const shared = Array.from({ length: settings.systemPrompt / TOKENS_PER_ID }, (_, id) => id);
  const requests: TraceRequest[] = [];
  let nextId = shared.length;
  let begins = 0;
  // Conversations overlap: those that begin later may still have requests among the first ones.
  for (
    let last = 0;
    requests.length < settings.requests || begins < last;
    begins += exponential(settings.betweenConversations)
  ) {
    const hashIds = [...shared];
    let promptTokens = settings.systemPrompt;
    let timestamp = begins;
    for (let turn = 0; turn < settings.turns; turn++) {
      promptTokens += evenly(settings.turn);
      if (promptTokens > settings.longestPrompt) break;
      while (hashIds.length * TOKENS_PER_ID < promptTokens) hashIds.push(nextId++);
      requests.push({ timestamp, promptTokens, outputTokens: evenly(settings.output), hashIds: [...hashIds] });
      timestamp += exponential(settings.betweenTurns);
    }
    requests.sort((a, b) => a.timestamp - b.timestamp);
    last = requests[Math.min(requests.length, settings.requests) - 1]!.timestamp;
  }
  return requests.slice(0, settings.requests);
}

/** The same as a trace file. */
export function traceText(requests: readonly TraceRequest[]): string {
  const lines = requests.map(({ timestamp, promptTokens, outputTokens, hashIds }) =>
    JSON.stringify({ timestamp, input_length: promptTokens, output_length: outputTokens, hash_ids: hashIds }),
  );
  return `${lines.join("\n")}\n`;
}
