// The events of a streamed completion, as vLLM words them.

import type { Sequence } from "../../simulator/engine.ts";

const encoder = new TextEncoder();

function event(fields: object): string {
  return `data: ${JSON.stringify(fields)}\n\n`;
}

function head(model: string): object {
  return { id: "cmpl-simulated", object: "text_completion", created: 0, model };
}

/** An event with `tokens` tokens of text. */
export function tokensEvent(model: string, tokens: number): Uint8Array {
  const choices = [{ index: 0, text: " word".repeat(tokens), logprobs: null, finish_reason: null }];
  return encoder.encode(event({ ...head(model), choices }));
}

/** The end of an answer: the last text, the usage, and the mark that closes the stream. */
export function lastEvents(model: string, tokens: number, sequence: Sequence): Uint8Array {
  const { promptTokens, outputTokens, finishReason } = sequence.spec;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: outputTokens,
    total_tokens: promptTokens + outputTokens,
    prompt_tokens_details: { cached_tokens: sequence.cachedTokens },
  };
  const choices = [{ index: 0, text: " word".repeat(tokens), logprobs: null, finish_reason: finishReason }];
  const text = event({ ...head(model), choices }) + event({ ...head(model), choices: [], usage });
  return encoder.encode(`${text}data: [DONE]\n\n`);
}
