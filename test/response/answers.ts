// Answers of model servers, in the shapes that they have.

export const OPENAI_JSON = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1732150000,
  model: "base",
  choices: [{ index: 0, message: { role: "assistant", content: "Some tokens" }, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 1234,
    total_tokens: 1290,
    completion_tokens: 56,
    completion_tokens_details: { reasoning_tokens: 3, accepted_prediction_tokens: 7 },
    prompt_tokens_details: { audio_tokens: 9, cached_tokens: 1024 },
  },
});

const openAiChunk = (content: string, usage: unknown) =>
  `data: ${JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    model: "base",
    choices: content === "" ? [] : [{ index: 0, delta: { content }, finish_reason: null }],
    usage,
  })}\n\n`;

/** Five events with data. */
export const OPENAI_STREAM = [
  ...["Some", " tokens", " and", " more"].map((word) => openAiChunk(word, null)),
  openAiChunk("", {
    prompt_tokens: 77,
    completion_tokens: 4,
    total_tokens: 81,
    prompt_tokens_details: { cached_tokens: 64 },
  }),
  "data: [DONE]\n\n",
].join("");

const anthropicEvent = (event: { type: string } & Record<string, unknown>) =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

/** Four events with data. The first figure of generated tokens is not the last. */
export const ANTHROPIC_STREAM = [
  anthropicEvent({
    type: "message_start",
    message: {
      role: "assistant",
      content: [],
      usage: { input_tokens: 25, cache_creation_input_tokens: 300, cache_read_input_tokens: 2000, output_tokens: 1 },
    },
  }),
  anthropicEvent({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Some tokens" } }),
  anthropicEvent({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 15 } }),
  anthropicEvent({ type: "message_stop" }),
].join("");
