/** Tokens that a request asks for: of a streamed answer, its events. */
export const TOKENS = 40;

/** A chat completion of about `bytes` bytes: one long user message, as retrieval-augmented prompts have. */
export function encodeBody(bytes: number, stream = false): Uint8Array {
  const words = "the quick brown fox jumps over the lazy dog while the model reads on and on ";
  const frame = (content: string) =>
    JSON.stringify({
      model: "base",
      ...(stream ? { stream } : {}),
      messages: [
        { role: "system", content: "You are helpful." },
        { role: "user", content },
      ],
      max_tokens: TOKENS,
    });
  const content = words.repeat(Math.ceil(bytes / words.length)).slice(0, Math.max(0, bytes - frame("").length));
  return new TextEncoder().encode(frame(content));
}
