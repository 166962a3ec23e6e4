import { ApiError, describe, isObject } from "./api.ts";
import { type Prompt, readPrompts, renderChat } from "./prompt.ts";

/** Which of the two completion calls: `chat` for /v1/chat/completions, `text` for /v1/completions. */
export type CompletionKind = "chat" | "text";

/** A completion call's body, checked. */
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
};

/**
 * Reads a completion call's body. Fields that change only what a real model would say (temperature, stop and the
 * like) are ignored. Throws an ApiError 400 that names the field, the value and what is expected.
 */
export function readCompletionRequest(kind: CompletionKind, body: unknown): CompletionRequest {
  if (!isObject(body)) throw new ApiError(400, `the body must be a JSON object, not ${describe(body)}`);
  const model = required(body, "model", "a string", isString);
  const stream = optional(body, "stream", "a boolean", isBoolean) ?? false;
  const streamOptions = optional(body, "stream_options", "an object", isObject);
  if (streamOptions !== null && !stream) throw new ApiError(400, "stream_options may only be given with stream: true");
  optional(body, "n", "1: this server gives one answer to a prompt", isOne);
  const limit = "a whole number from 1";
  return {
    kind,
    model,
    prompts: kind === "chat" ? [renderChat(body.messages, body.tools)] : readPrompts(body.prompt),
    maxTokens: optional(body, "max_completion_tokens", limit, isCount) ?? optional(body, "max_tokens", limit, isCount),
    ignoreEos: optional(body, "ignore_eos", "a boolean", isBoolean) ?? false,
    stream,
    includeUsage: streamOptions !== null && optional(streamOptions, "include_usage", "a boolean", isBoolean) === true,
    cacheSalt: optional(body, "cache_salt", "a string", isString) ?? "",
    seed: optional(body, "seed", "a whole number", isInteger) ?? 0,
  };
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
const isOne = (value: unknown): value is 1 => value === 1;
