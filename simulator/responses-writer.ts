// OpenAI's responses, as /v1/responses answers.

import type { AnswerHead, OpenWriter, Usage } from "./completion-writer.ts";
import type { FinishReason } from "./engine-stats.ts";
import { EventStream, sendAnswer } from "./event-stream.ts";

const textPart = (text: string): object => ({ type: "output_text", text, annotations: [], logprobs: [] });

/** The one item of the output: a message, or a call of a tool. */
function itemOf({ id, tool }: AnswerHead, text: string, status: string, content = [textPart(text)]): object {
  if (tool === null) return { type: "message", id: `msg_${id}`, status, role: "assistant", content };
  return { type: "function_call", id: `fc_${id}`, call_id: tool.id, name: tool.name, arguments: text, status };
}

function responseOf(head: AnswerHead, status: string, output: object[], usage: Usage | null): object {
  return {
    id: head.id,
    object: "response",
    created_at: head.created,
    status,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    model: head.model,
    output,
    parallel_tool_calls: false,
    tool_choice: "auto",
    tools: [],
    usage: usage && {
      input_tokens: usage.prompt_tokens,
      input_tokens_details: { cached_tokens: usage.prompt_tokens_details.cached_tokens },
      output_tokens: usage.completion_tokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.total_tokens,
    },
  };
}

const statusOf = (finish: FinishReason | null): string => (finish === "length" ? "incomplete" : "completed");

/** One JSON document at the end. */
export const responseWriter: OpenWriter = (response, head, cut) => {
  let text = "";
  let status = "";
  return {
    token(_, piece, finish) {
      text += piece;
      status = statusOf(finish);
    },
    flush() {},
    end: (usage) => sendAnswer(response, responseOf(head, status, [itemOf(head, text, status)], usage), cut),
  };
};

/** Numbered events from response.created to response.completed or response.incomplete, with a delta per token. */
export const responseEventWriter: OpenWriter = (response, head, cut) => {
  const { tool } = head;
  const stream = new EventStream(response, cut);
  let number = 0;
  let text = "";
  let status = "";
  const push = (type: string, fields: object): void => {
    stream.pushNamed({ type, sequence_number: number++, ...fields });
  };
  // Where a delta belongs: the output's only item, and its only part.
  const item = { item_id: `${tool === null ? "msg" : "fc"}_${head.id}`, output_index: 0 };
  const part = { ...item, content_index: 0 };
  return {
    begin() {
      for (const type of ["response.created", "response.in_progress"]) {
        push(type, { response: responseOf(head, "in_progress", [], null) });
      }
      push("response.output_item.added", { output_index: 0, item: itemOf(head, "", "in_progress", []) });
      if (tool === null) push("response.content_part.added", { ...part, part: textPart("") });
    },
    token(_, delta, finish) {
      text += delta;
      status = statusOf(finish);
      if (tool === null) push("response.output_text.delta", { ...part, delta, logprobs: [] });
      else push("response.function_call_arguments.delta", { ...item, delta });
      stream.endToken();
    },
    flush: () => stream.flush(),
    end(usage) {
      if (tool === null) {
        push("response.output_text.done", { ...part, text, logprobs: [] });
        push("response.content_part.done", { ...part, part: textPart(text) });
      } else {
        push("response.function_call_arguments.done", { ...item, name: tool.name, arguments: text });
      }
      const whole = itemOf(head, text, status);
      push("response.output_item.done", { output_index: 0, item: whole });
      push(`response.${status}`, { response: responseOf(head, status, [whole], usage) });
      stream.end();
    },
  };
};
