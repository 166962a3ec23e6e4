import type { OpenWriter } from "./completion-writer.ts";
import { sendAnswer } from "./event-stream.ts";
import { createRandom } from "./random.ts";

/** How a vector is written: numbers, or the base64 of little-endian 32-bit floats. */
export type EmbeddingFormat = "float" | "base64";

/** Dimensions of a vector where the client asks for no number. */
export const DEFAULT_DIMENSIONS = 32;

/** A vector of length 1 that follows from the seed alone. */
function embed(seed: number, dimensions: number): Float32Array {
  const random = createRandom(seed);
  const vector = Float32Array.from({ length: dimensions }, () => random() * 2 - 1);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Writes a vector as OpenAI's `embedding` field has it. */
function encodeEmbedding(vector: Float32Array, format: EmbeddingFormat): number[] | string {
  if (format === "float") return [...vector];
  const bytes = Buffer.alloc(vector.length * 4);
  vector.forEach((value, index) => {
    bytes.writeFloatLE(value, index * 4);
  });
  return bytes.toString("base64");
}

/** OpenAI's embeddings: one JSON document with a vector to each prompt. Its tokens are no output of the client's. */
export const embeddingWriter: OpenWriter = (response, { model, vectors }, cut) => ({
  token() {},
  flush() {},
  end({ prompt_tokens }) {
    const { dimensions, format, seeds } = vectors!;
    const data = seeds.map((seed, index) => {
      return { object: "embedding", index, embedding: encodeEmbedding(embed(seed, dimensions), format) };
    });
    sendAnswer(response, { object: "list", data, model, usage: { prompt_tokens, total_tokens: prompt_tokens } }, cut);
  },
});
