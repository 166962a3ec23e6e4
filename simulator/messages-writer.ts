// Anthropic's messages, as /v1/messages answers.

import type { AnswerHead, OpenWriter } from "./completion-writer.ts";
import type { FinishReason } from "./engine-stats.ts";
import { EventStream, sendAnswer } from "./event-stream.ts";

function stopReasonOf({ tool }: AnswerHead, finish: FinishReason | null): string {
  if (finish === "length") return "max_tokens";
  return tool === null ? "end_turn" : "tool_use";
}

/** Tokens from the cache are counted apart from the other input tokens, not among them. */
function usageOf(promptTokens: number, cachedTokens: number, outputTokens: number): object {
  return {
    input_tokens: promptTokens - cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cachedTokens,
    output_tokens: outputTokens,
  };
}

function messageOf({ id, model }: AnswerHead, content: object[], stopReason: string | null, usage: object): object {
  return {
    id,
    type: "message",
    role: "assistant",
    model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage,
  };
}

/** A tool's arguments, which an answer that was cut off at its limit has only half. */
function parseInput(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** One JSON document at the end. */
export const messageWriter: OpenWriter = (response, head, cut) => {
  let text = "";
  let reason: FinishReason | null = null;
  return {
    token(_, piece, finish) {
      text += piece;
      reason = finish;
    },
    flush() {},
    end({ prompt_tokens, completion_tokens, prompt_tokens_details: { cached_tokens } }) {
      const { tool } = head;
      const block = tool === null ? { type: "text", text } : { type: "tool_use", ...tool, input: parseInput(text) };
      const usage = usageOf(prompt_tokens, cached_tokens, completion_tokens);
      sendAnswer(response, messageOf(head, [block], stopReasonOf(head, reason), usage), cut);
    },
  };
};

/** Events from message_start to message_stop, around one content block with a delta per token. */
export const messageEventWriter: OpenWriter = (response, head, cut) => {
  const { tool } = head;
  const stream = new EventStream(response, cut);
  let reason: FinishReason | null = null;
  return {
    begin(promptTokens, cachedTokens) {
      const message = messageOf(head, [], null, usageOf(promptTokens, cachedTokens, 1));
      stream.pushNamed({ type: "message_start", message });
      const content_block = tool === null ? { type: "text", text: "" } : { type: "tool_use", ...tool, input: {} };
      stream.pushNamed({ type: "content_block_start", index: 0, content_block });
    },
    token(_, text, finish) {
      const delta = tool === null ? { type: "text_delta", text } : { type: "input_json_delta", partial_json: text };
      stream.pushNamed({ type: "content_block_delta", index: 0, delta });
      stream.endToken();
      reason = finish;
    },
    flush: () => stream.flush(),
    end({ prompt_tokens, completion_tokens, prompt_tokens_details: { cached_tokens } }) {
      stream.pushNamed({ type: "content_block_stop", index: 0 });
      const delta = { stop_reason: stopReasonOf(head, reason), stop_sequence: null };
      const usage = usageOf(prompt_tokens, cached_tokens, completion_tokens);
      stream.pushNamed({ type: "message_delta", delta, usage });
      stream.pushNamed({ type: "message_stop" });
      stream.end();
    },
  };
};
