import type { ServerResponse } from "node:http";
import { ApiError, parseJson, sendError } from "./api.ts";
import { hashPrompt } from "./block-hash.ts";
import { type CompletionKind, type CompletionRequest, readCompletionRequest } from "./completion-request.ts";
import { type CompletionWriter, eventWriter, jsonWriter, type OpenWriter, type Usage } from "./completion-writer.ts";
import { embeddingWriter } from "./embeddings.ts";
import type { Sequence, SequenceSpec } from "./engine.ts";
import { messageEventWriter, messageWriter } from "./messages-writer.ts";
import { type Output, planOutput } from "./output.ts";
import { responseEventWriter, responseWriter } from "./responses-writer.ts";
import type { Simulation } from "./simulation.ts";
import { planToolCall } from "./tool-call.ts";

/** Output limit of a request that names none, tokens. */
const DEFAULT_MAX_TOKENS = 16;

type Plan = { spec: Omit<SequenceSpec, "onTokens">; output: Output; seed: number };

/** How the answers of a call are identified and written. */
const ANSWERS: Readonly<Record<CompletionKind, { prefix: string; json: OpenWriter; events: OpenWriter }>> = {
  chat: { prefix: "chatcmpl", json: jsonWriter, events: eventWriter },
  text: { prefix: "cmpl", json: jsonWriter, events: eventWriter },
  messages: { prefix: "msg", json: messageWriter, events: messageEventWriter },
  responses: { prefix: "resp", json: responseWriter, events: responseEventWriter },
  // Vectors are never streamed.
  embeddings: { prefix: "embd", json: embeddingWriter, events: embeddingWriter },
};

/**
 * Answers a call, or has it fail in the way that the overrides say. The answer may come long after this returns. A
 * client that goes away takes its sequences out of the engine. Throws an ApiError before anything is written when the
 * request cannot be served.
 */
export function serveCompletion(
  simulation: Simulation,
  kind: CompletionKind,
  body: Buffer,
  response: ServerResponse,
): void {
  const number = ++simulation.received;
  const { reset, errorRate, errorStatus } = simulation.overrides;
  if (reset === "before-headers") {
    response.socket?.resetAndDestroy();
    return;
  }
  if (errorRate !== null && simulation.drawFailure() < errorRate) {
    sendError(response, errorStatus ?? 500, "this failure was asked for with errorRate");
    return;
  }

  const request = readCompletionRequest(kind, parseJson(body));
  const { models, options } = simulation;
  if (!models.includes(request.model)) throw new ApiError(404, `The model \`${request.model}\` does not exist.`);
  const plans = request.prompts.map((prompt) => plan(simulation, request, prompt));
  const { prefix, json, events } = ANSWERS[kind];
  const { model, includeUsage, tool, embedding } = request;
  const head = {
    kind,
    id: `${prefix}-${options.name}-${number}`,
    created: Math.floor(Date.now() / 1000),
    model,
    includeUsage,
    choices: plans.length,
    tool: tool && { id: `call-${options.name}-${number}`, name: tool.name },
    vectors: embedding && { ...embedding, seeds: plans.map(({ seed }) => seed) },
  };
  const writer = (request.stream ? events : json)(response, head, reset === "mid-stream");
  run(simulation, plans, writer, response);
  // As in vLLM, a stream's headers do not wait for its first token; but nothing leaves a stuck server.
  if (request.stream && !response.writableEnded && !simulation.engine.paused) response.flushHeaders();
}

function plan(simulation: Simulation, request: CompletionRequest, prompt: CompletionRequest["prompts"][number]): Plan {
  const { options } = simulation;
  const hashes = hashPrompt(prompt, options.blockSize, [request.model, request.cacheSalt]);
  const room = options.maxModelLen - hashes.tokens;
  const asked = request.maxTokens ?? Math.min(DEFAULT_MAX_TOKENS, Math.max(1, room));
  const seed = hashes.fingerprint ^ Math.imul(options.seed, 0x9e3779b1) ^ Math.imul(request.seed, 0x85ebca77);
  const output =
    request.tool === null
      ? planOutput(seed, asked, request.ignoreEos)
      : planToolCall(seed, request.tool, request.maxTokens);
  const maxTokens = request.tool === null ? asked : output.tokens;
  if (maxTokens > room) {
    throw new ApiError(
      400,
      `This model's maximum context length is ${options.maxModelLen} tokens. However, you requested ` +
        `${hashes.tokens + maxTokens} tokens (${hashes.tokens} in the prompt, ${maxTokens} in the completion).`,
    );
  }
  const spec = {
    adapter: request.model === options.model ? null : request.model,
    promptTokens: hashes.tokens,
    blockHashes: hashes.blocks,
    outputTokens: output.tokens,
    finishReason: output.finishReason,
  };
  return { spec, output, seed };
}

function run(simulation: Simulation, plans: Plan[], writer: CompletionWriter, response: ServerResponse): void {
  const { engine } = simulation;
  let open = plans.length;
  let begun = false;
  const usage: Usage = {
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    prompt_tokens_details: { cached_tokens: 0 },
  };
  const sequences: Sequence[] = [];
  plans.forEach(({ spec, output }, choice) => {
    const onTokens = (sequence: Sequence, count: number): void => {
      const finished = sequence.phase === "finished";
      if (!begun) writer.begin?.(spec.promptTokens, sequence.cachedTokens);
      begun = true;
      for (let i = 1; i <= count; i++) {
        writer.token(choice, output.next(), finished && i === count ? spec.finishReason : null);
      }
      if (finished) {
        usage.prompt_tokens += spec.promptTokens;
        usage.completion_tokens += spec.outputTokens;
        usage.total_tokens += spec.promptTokens + spec.outputTokens;
        usage.prompt_tokens_details.cached_tokens += sequence.cachedTokens;
        open--;
      }
      if (open > 0) {
        writer.flush();
        return;
      }
      simulation.served++;
      writer.end(usage);
    };
    sequences.push(engine.submit({ ...spec, onTokens }));
  });
  if (open === 0) return;
  response.on("close", () => {
    for (const sequence of sequences) engine.cancel(sequence);
  });
}
