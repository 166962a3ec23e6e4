import { ApiError, describe, isObject } from "./api.ts";

/** A prompt as the tokenizer takes it: a text, or token ids. */
export type Prompt = string | readonly number[];

/** Types of content parts that are text; two of them are those of OpenAI's responses. */
const TEXT_PARTS = ["text", "input_text", "output_text"];

/**
 * Renders a chat to one text, as a model's chat template would: the tools, then each message behind its role, then
 * the assistant's turn. A chat that begins like another gives a text that begins like the other's.
 * Throws an ApiError 400 for what is no chat.
 */
export function renderChat(messages: unknown, tools: unknown): string {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new ApiError(400, `messages must be a list of at least one message, not ${describe(messages)}`);
  }
  const pieces: string[] = [];
  if (tools !== undefined && tools !== null) pieces.push("<|tools|>\n", JSON.stringify(tools), "\n");
  messages.forEach((message: unknown, index) => {
    const field = `messages[${index}]`;
    if (!isObject(message)) throw new ApiError(400, `${field} must be an object, not ${describe(message)}`);
    if (typeof message.role !== "string") {
      throw new ApiError(400, `${field}.role must be a string, not ${describe(message.role)}`);
    }
    pieces.push("<|", message.role, "|>\n");
    renderContent(message.content, `${field}.content`, pieces);
    if (message.tool_calls !== undefined) pieces.push(JSON.stringify(message.tool_calls));
    pieces.push("\n");
  });
  pieces.push("<|assistant|>\n");
  return pieces.join("");
}

function renderContent(content: unknown, field: string, pieces: string[]): void {
  // An assistant's message that only calls tools has no content.
  if (content === null || content === undefined) return;
  if (typeof content === "string") {
    pieces.push(content);
    return;
  }
  if (!Array.isArray(content)) {
    throw new ApiError(400, `${field} must be a string or a list of content parts, not ${describe(content)}`);
  }
  content.forEach((part: unknown, index) => {
    if (!isObject(part) || typeof part.type !== "string") {
      throw new ApiError(400, `${field}[${index}] must be an object with a type, not ${describe(part)}`);
    }
    if (!TEXT_PARTS.includes(part.type)) {
      // Different images must make different prompts; what they show does not matter here.
      pieces.push(JSON.stringify(part));
    } else if (typeof part.text === "string") {
      pieces.push(part.text);
    } else {
      throw new ApiError(400, `${field}[${index}].text must be a string, not ${describe(part.text)}`);
    }
  });
}

/**
 * Renders one of Anthropic's chats, whose system prompt (a string, content blocks, or nothing) stands beside the
 * messages. Throws an ApiError 400 for what is no chat.
 */
export function renderMessages(messages: unknown, system: unknown, tools: unknown): string {
  if (system === undefined || system === null || !Array.isArray(messages)) return renderChat(messages, tools);
  return renderChat([{ role: "system", content: system }, ...messages], tools);
}

/**
 * Renders the `input` of OpenAI's responses behind their `instructions`: a string, which is a user's message, or items,
 * of which those that are no messages count by their JSON. Throws an ApiError 400 for anything else.
 */
export function renderInput(input: unknown, instructions: unknown, tools: unknown): string {
  if (typeof input !== "string" && !(Array.isArray(input) && input.length > 0)) {
    throw new ApiError(400, `input must be a string or a list of at least one item, not ${describe(input)}`);
  }
  const items = typeof input === "string" ? [{ role: "user", content: input }] : input;
  const messages = items.map((item: unknown) =>
    isObject(item) && item.role === undefined && typeof item.type === "string"
      ? { role: item.type, content: JSON.stringify(item) }
      : item,
  );
  const system = typeof instructions === "string" ? [{ role: "system", content: instructions }] : [];
  return renderChat([...system, ...messages], tools);
}

/**
 * Reads the `prompt` of a text completion or the `input` of embeddings (`field`): a string, a list of token ids, or a
 * list of either, which asks for one answer each. Throws an ApiError 400 for anything else and for an empty prompt.
 */
export function readPrompts(value: unknown, field: string): Prompt[] {
  const prompts = isPrompt(value) ? [value] : Array.isArray(value) && value.every(isPrompt) ? value : [];
  if (prompts.length === 0 || prompts.some((prompt) => prompt.length === 0)) {
    const expected = "a string, a list of token ids, or a list of strings or of lists of token ids, and not empty";
    throw new ApiError(400, `${field} must be ${expected}, not ${describe(value)}`);
  }
  return prompts;
}

function isPrompt(value: unknown): value is Prompt {
  return typeof value === "string" || (Array.isArray(value) && value.length > 0 && value.every(isTokenId));
}

function isTokenId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0;
}
