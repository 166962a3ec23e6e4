/** A chat completion of about `bytes` bytes: one long user message, as retrieval-augmented prompts have. */
export function encodeBody(bytes: number): Uint8Array {
  const words = "the quick brown fox jumps over the lazy dog while the model reads on and on ";
  const frame = (content: string) =>
    JSON.stringify({
      model: "base",
      messages: [
        { role: "system", content: "You are helpful." },
        { role: "user", content },
      ],
      max_tokens: 40,
    });
  const content = words.repeat(Math.ceil(bytes / words.length)).slice(0, Math.max(0, bytes - frame("").length));
  return new TextEncoder().encode(frame(content));
}
