import { ApiError, describe, isObject } from "./api.ts";
import { drawWord, type Output } from "./output.ts";
import { createRandom } from "./random.ts";

/** A tool that the client lets the model call. */
export type Tool = {
  name: string;
  /** JSON schemas of its arguments, by name. */
  properties: Readonly<Record<string, unknown>>;
};

/** Characters per token of a call's arguments. */
const PIECE = 4;

/**
 * The tool that a request asks to have called, in the form of any of the APIs: the one that `tool_choice` names, the
 * first one with "required" or Anthropic's type "any". Null where the choice is the model's, which here always speaks.
 * Throws an ApiError 400 for a tool that is not there.
 */
export function readTool(tools: unknown, choice: unknown): Tool | null {
  const wanted = isObject(choice) ? (isObject(choice.function) ? choice.function.name : choice.name) : undefined;
  const any = choice === "required" || (isObject(choice) && choice.type === "any");
  if (!any && wanted === undefined) return null;
  const all = Array.isArray(tools) ? tools.map((tool: unknown, index) => readOne(tool, `tools[${index}]`)) : [];
  const found = any ? all[0] : all.find(({ name }) => name === wanted);
  if (found === undefined) throw new ApiError(400, `tool_choice is ${describe(choice)}, but there is no such tool`);
  return found;
}

function readOne(tool: unknown, field: string): Tool {
  // Chat completions wrap the function, the other APIs do not.
  const wrapped = isObject(tool) && isObject(tool.function) ? tool.function : tool;
  if (!isObject(wrapped) || typeof wrapped.name !== "string") {
    throw new ApiError(400, `${field} must be an object with a function's name, not ${describe(tool)}`);
  }
  const schema = wrapped.parameters ?? wrapped.input_schema;
  return { name: wrapped.name, properties: isObject(schema) && isObject(schema.properties) ? schema.properties : {} };
}

function valueFor(schema: unknown, random: () => number): unknown {
  const { type, enum: values } = isObject(schema) ? schema : {};
  if (Array.isArray(values)) return values[Math.floor(random() * values.length)];
  if (type === "integer" || type === "number") return Math.floor(random() * 100);
  if (type === "boolean") return random() < 0.5;
  if (type === "array") return [];
  if (type === "object") return {};
  return drawWord(random);
}

/**
 * Plans a call: its arguments as JSON, a value for each property, four characters to a token. It ends by "stop", or by
 * "length" where the limit (tokens; null for none) cuts it off. The same seed gives the same arguments.
 */
export function planToolCall(seed: number, tool: Tool, maxTokens: number | null): Output {
  const random = createRandom(seed);
  const values = Object.entries(tool.properties).map(([name, schema]) => [name, valueFor(schema, random)]);
  const text = JSON.stringify(Object.fromEntries(values));
  const needed = Math.ceil(text.length / PIECE);
  let at = 0;
  return {
    tokens: Math.min(needed, maxTokens ?? needed),
    finishReason: maxTokens !== null && needed > maxTokens ? "length" : "stop",
    next() {
      at += PIECE;
      return text.slice(at - PIECE, at);
    },
  };
}
