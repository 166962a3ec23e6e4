import type { ServerResponse } from "node:http";
import type { CompletionKind } from "./completion-request.ts";
import type { FinishReason } from "./engine-stats.ts";

/** What all parts of one answer share. */
export type AnswerHead = {
  kind: CompletionKind;
  id: string;
  /** Unix time, seconds. */
  created: number;
  model: string;
};

/** A completion's token counts, in OpenAI's field names. */
export type Usage = {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
};

/** Writes one completion to its client. */
export type CompletionWriter = {
  /** The next token of a choice; `finish` is set with its last one. */
  token(choice: number, text: string, finish: FinishReason | null): void;
  /** Sends what is there to send, at the end of a step. */
  flush(): void;
  /** After the last token of the last choice. */
  end(usage: Usage): void;
};

/** Breaks the connection off with a TCP reset, once what was written has left. */
function resetAfter(response: ServerResponse, data: string | Buffer): void {
  response.write(data, () => response.socket?.resetAndDestroy());
}

/**
 * One JSON document at the end. With `cut` the connection is reset after half of it.
 */
export function jsonWriter(
  response: ServerResponse,
  head: AnswerHead,
  choices: number,
  cut: boolean,
): CompletionWriter {
  const texts: string[] = Array.from({ length: choices }, () => "");
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
      const answers = texts.map((text, index) => {
        const content = kind === "chat" ? { message: { role: "assistant", content: text } } : { text };
        return { index, ...content, logprobs: null, finish_reason: reasons[index] };
      });
      const body = Buffer.from(JSON.stringify({ id, object, created, model, choices: answers, usage }));
      response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
      if (cut) resetAfter(response, body.subarray(0, body.length >> 1));
      else response.end(body);
    },
  };
}

/**
 * Server-sent events: one chunk per token and a last `[DONE]`; a chat's first chunk says who speaks. Chunks of one
 * engine step leave in one write. With `cut` the connection is reset after the first token.
 */
export function eventWriter(
  response: ServerResponse,
  head: AnswerHead,
  choices: number,
  includeUsage: boolean,
  cut: boolean,
): CompletionWriter {
  const chat = head.kind === "chat";
  const { id, created, model } = head;
  const shared = { id, object: chat ? "chat.completion.chunk" : "text_completion", created, model };
  // The same for every chunk, so it is encoded once: {"id":...,"model":"base","choices":[
  const start = `data: ${JSON.stringify(shared).slice(0, -1)},"choices":[`;
  // OpenAI's clients are promised a usage in every chunk then, null in all but the last.
  const rest = includeUsage ? `],"usage":null}\n\n` : `]}\n\n`;
  let pending = "";
  let severed = false;

  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  if (chat) {
    for (let index = 0; index < choices; index++) {
      const delta = `{"index":${index},"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}`;
      pending += start + delta + rest;
    }
  }
  return {
    token(choice, text, finish) {
      if (severed) return;
      const content = JSON.stringify(text);
      const body = chat ? `"delta":{"content":${content}}` : `"text":${content}`;
      const reason = finish === null ? "null" : `"${finish}"`;
      pending += `${start}{"index":${choice},${body},"logprobs":null,"finish_reason":${reason}}${rest}`;
      if (!cut) return;
      severed = true;
      resetAfter(response, pending);
    },
    flush() {
      if (severed || pending === "") return;
      response.write(pending);
      pending = "";
    },
    end(usage) {
      if (severed) return;
      if (includeUsage) pending += `${start}],"usage":${JSON.stringify(usage)}}\n\n`;
      response.end(`${pending}data: [DONE]\n\n`);
    },
  };
}
