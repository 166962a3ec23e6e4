import { ApiError, describe, isObject } from "./api.ts";
import { DEFAULT_DIMENSIONS, type EmbeddingFormat } from "./embeddings.ts";
import { type Prompt, readPrompts, renderChat, renderInput, renderMessages } from "./prompt.ts";
import { readTool, type Tool } from "./tool-call.ts";

/**
 * Which call: `chat` for /v1/chat/completions, `text` for /v1/completions, `messages`, `responses` and `embeddings` for
 * the paths of these names.
 */
export type CompletionKind = "chat" | "text" | "messages" | "responses" | "embeddings";

/** A call's body, checked. */
export type CompletionRequest = {
  kind: CompletionKind;
  model: string;
  /** One answer each; a chat is one prompt. */
  prompts: Prompt[];
  /** Most tokens per answer; null when the client leaves it open. */
  maxTokens: number | null;
  /** Answer with all of maxTokens. */
  ignoreEos: boolean;
  stream: boolean;
  /** End a stream with a chunk that has the usage. */
  includeUsage: boolean;
  /** Separates the prefix caches of those who do not share it; "" for the common one. */
  cacheSalt: string;
  /** The client's own seed. */
  seed: number;
  /** The tool to be called; null for an answer in words. */
  tool: Tool | null;
  /** How vectors are to be made and written; null where it is not vectors that are asked for. */
  embedding: { dimensions: number; format: EmbeddingFormat } | null;
};

const COUNT = "a whole number from 1";

/**
 * Reads a call's body. Fields that change only what a real model would say (temperature, stop and the
 * like) are ignored. Throws an ApiError 400 that names the field, the value and what is expected.
 */
export function readCompletionRequest(kind: CompletionKind, body: unknown): CompletionRequest {
  if (!isObject(body)) throw new ApiError(400, `the body must be a JSON object, not ${describe(body)}`);
  const model = required(body, "model", "a string", isString);
  const stream = optional(body, "stream", "a boolean", isBoolean) ?? false;
  const streamOptions = optional(body, "stream_options", "an object", isObject);
  if (streamOptions !== null && !stream) throw new ApiError(400, "stream_options may only be given with stream: true");
  optional(body, "n", "1: this server gives one answer to a prompt", isOne);
  // Anthropic has no default.
  if (kind === "messages") required(body, "max_tokens", COUNT, isCount);
  return {
    kind,
    model,
    prompts: readPromptsOf(kind, body),
    maxTokens: kind === "embeddings" ? 1 : readLimit(body),
    ignoreEos: optional(body, "ignore_eos", "a boolean", isBoolean) ?? false,
    stream,
    includeUsage: streamOptions !== null && optional(streamOptions, "include_usage", "a boolean", isBoolean) === true,
    cacheSalt: optional(body, "cache_salt", "a string", isString) ?? "",
    seed: optional(body, "seed", "a whole number", isInteger) ?? 0,
    tool: kind === "text" || kind === "embeddings" ? null : readTool(body.tools, body.tool_choice),
    embedding:
      kind === "embeddings"
        ? {
            dimensions: optional(body, "dimensions", COUNT, isCount) ?? DEFAULT_DIMENSIONS,
            format: optional(body, "encoding_format", '"float" or "base64"', isFormat) ?? "float",
          }
        : null,
  };
}

function readPromptsOf(kind: CompletionKind, body: Record<string, unknown>): Prompt[] {
  switch (kind) {
    case "chat":
      return [renderChat(body.messages, body.tools)];
    case "messages":
      return [renderMessages(body.messages, body.system, body.tools)];
    case "responses":
      return [renderInput(body.input, body.instructions, body.tools)];
    case "text":
      return readPrompts(body.prompt, "prompt");
    case "embeddings":
      return readPrompts(body.input, "input");
  }
}

function readLimit(body: Record<string, unknown>): number | null {
  const limits = ["max_completion_tokens", "max_output_tokens", "max_tokens"];
  return limits.reduce<number | null>((found, field) => found ?? optional(body, field, COUNT, isCount), null);
}

function optional<T>(
  object: Record<string, unknown>,
  field: string,
  expected: string,
  accepts: (value: unknown) => value is T,
): T | null {
  const value = object[field];
  if (value === undefined || value === null) return null;
  if (!accepts(value)) throw new ApiError(400, `${field} must be ${expected}, not ${describe(value)}`);
  return value;
}

function required<T>(
  object: Record<string, unknown>,
  field: string,
  expected: string,
  accepts: (value: unknown) => value is T,
): T {
  const value = optional(object, field, expected, accepts);
  if (value === null) throw new ApiError(400, `${field} is missing: it must be ${expected}`);
  return value;
}

const isString = (value: unknown): value is string => typeof value === "string";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isInteger = (value: unknown): value is number => Number.isInteger(value);
const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1;
const isFormat = (value: unknown): value is EmbeddingFormat => value === "float" || value === "base64";
const isOne = (value: unknown): value is 1 => value === 1;
