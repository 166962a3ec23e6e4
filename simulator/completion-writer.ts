import type { ServerResponse } from "node:http";
import type { CompletionKind } from "./completion-request.ts";
import type { EmbeddingFormat } from "./embeddings.ts";
import type { FinishReason } from "./engine-stats.ts";
import { EventStream, sendAnswer } from "./event-stream.ts";

/** What all parts of one answer share. */
export type AnswerHead = {
  kind: CompletionKind;
  id: string;
  /** Unix time, seconds. */
  created: number;
  model: string;
  /** How many answers there are: one to each prompt. */
  choices: number;
  /** End a stream with a chunk that has the usage. */
  includeUsage: boolean;
  /** The tool that is called: the tokens are its arguments. Null where the answer is text. */
  tool: { id: string; name: string } | null;
  /** The vectors that are asked for, one to a seed; null where the answer is text. */
  vectors: { dimensions: number; format: EmbeddingFormat; seeds: readonly number[] } | null;
};

/** A completion's token counts, in the field names of OpenAI's completions. */
export type Usage = {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
};

/** Writes one completion to its client. */
export type CompletionWriter = {
  /** Before the first token: tokens of the first prompt, and how many of them the prefix cache had. */
  begin?(promptTokens: number, cachedTokens: number): void;
  /** The next token of a choice; `finish` is set with its last one. */
  token(choice: number, text: string, finish: FinishReason | null): void;
  /** Sends what is there to send, at the end of a step. */
  flush(): void;
  /** After the last token of the last choice. */
  end(usage: Usage): void;
};

/** Makes the writer of an answer; with `cut` the connection is reset in the midst of it. */
export type OpenWriter = (response: ServerResponse, head: AnswerHead, cut: boolean) => CompletionWriter;

function finishReasonOf(head: AnswerHead, finish: FinishReason | null): string | null {
  return finish === "stop" && head.tool !== null ? "tool_calls" : finish;
}

function contentOf({ kind, tool }: AnswerHead, text: string): object {
  if (kind === "text") return { text };
  if (tool === null) return { message: { role: "assistant", content: text } };
  const call = { id: tool.id, type: "function", function: { name: tool.name, arguments: text } };
  return { message: { role: "assistant", content: null, tool_calls: [call] } };
}

/** OpenAI's completions: one JSON document at the end. */
export const jsonWriter: OpenWriter = (response, head, cut) => {
  const texts: string[] = Array.from({ length: head.choices }, () => "");
  const reasons: (FinishReason | null)[] = texts.map(() => null);
  return {
    token(choice, text, finish) {
      texts[choice] += text;
      reasons[choice] = finish;
    },
    flush() {},
    end(usage) {
      const { kind, id, created, model } = head;
      const object = kind === "chat" ? "chat.completion" : "text_completion";
      const choices = texts.map((text, index) => {
        const finish_reason = finishReasonOf(head, reasons[index]!);
        return { index, ...contentOf(head, text), logprobs: null, finish_reason };
      });
      sendAnswer(response, { id, object, created, model, choices, usage }, cut);
    },
  };
};

/**
 * OpenAI's completions as server-sent events: one chunk per token and a last `[DONE]`; a chat's first chunk says who
 * speaks, the next one which tool is called. Chunks of one engine step leave in one write.
 */
export const eventWriter: OpenWriter = (response, head, cut) => {
  const { id, created, model, includeUsage, tool } = head;
  const chat = head.kind === "chat";
  const shared = { id, object: chat ? "chat.completion.chunk" : "text_completion", created, model };
  // The same for every chunk, so it is encoded once: {"id":...,"model":"base","choices":[
  const start = `data: ${JSON.stringify(shared).slice(0, -1)},"choices":[`;
  // OpenAI's clients are promised a usage in every chunk then, null in all but the last.
  const rest = includeUsage ? `],"usage":null}\n\n` : `]}\n\n`;
  const stream = new EventStream(response, cut);
  const push = (choice: number, body: string, finish: FinishReason | null): void => {
    const reason = JSON.stringify(finishReasonOf(head, finish));
    stream.push(`${start}{"index":${choice},${body},"logprobs":null,"finish_reason":${reason}}${rest}`);
  };
  if (chat) {
    for (let index = 0; index < head.choices; index++) push(index, `"delta":{"role":"assistant","content":""}`, null);
  }
  if (tool !== null) {
    const call = { index: 0, id: tool.id, type: "function", function: { name: tool.name, arguments: "" } };
    push(0, `"delta":{"tool_calls":[${JSON.stringify(call)}]}`, null);
  }
  return {
    token(choice, text, finish) {
      const content = JSON.stringify(text);
      const spoken = chat ? `"delta":{"content":${content}}` : `"text":${content}`;
      const called = `"delta":{"tool_calls":[{"index":0,"function":{"arguments":${content}}}]}`;
      push(choice, tool === null ? spoken : called, finish);
      stream.endToken();
    },
    flush: () => stream.flush(),
    end(usage) {
      if (includeUsage) stream.push(`${start}],"usage":${JSON.stringify(usage)}}\n\n`);
      stream.push("data: [DONE]\n\n");
      stream.end();
    },
  };
};
