// Calls that are no completions: they take no time and no place in the engine.

import type { IncomingMessage } from "node:http";
import { ApiError, describe, isObject, parseJson } from "./api.ts";
import { hashPrompt } from "./block-hash.ts";
import { planOutput } from "./output.ts";
import type { Simulation } from "./simulation.ts";

const WORDS_HEARD = 8;
/** A PNG of one pixel. */
const IMAGE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

function checkModel(simulation: Simulation, model: unknown): void {
  if (typeof model !== "string") throw new ApiError(400, `model must be a string, not ${describe(model)}`);
  if (!simulation.models.includes(model)) throw new ApiError(404, `The model \`${model}\` does not exist.`);
}

/**
 * What an upload to /v1/audio/transcriptions, a form with `model` and `file`, is answered with: words that follow from
 * the file's bytes. Throws an ApiError for anything else.
 */
export async function transcribe(simulation: Simulation, request: IncomingMessage, body: Buffer): Promise<object> {
  const type = request.headers["content-type"] ?? "";
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(body), { headers: { "content-type": type } }).formData();
  } catch {
    throw new ApiError(400, `the body must be a form with model and file, not ${describe(type)}`);
  }
  checkModel(simulation, form.get("model"));
  const file = form.get("file");
  if (file === null || typeof file === "string") throw new ApiError(400, "file is missing: it must be an upload");
  const bytes = [...new Uint8Array(await file.arrayBuffer())];
  const output = planOutput(hashPrompt(bytes, 1, []).fingerprint, WORDS_HEARD, true);
  return { text: Array.from({ length: output.tokens }, () => output.next()).join("") };
}

/** What /v1/images/generations is answered with: one image, always the same. Throws an ApiError for a bad request. */
export function drawImage(simulation: Simulation, body: Buffer): object {
  const fields = parseJson(body);
  if (!isObject(fields)) throw new ApiError(400, `the body must be a JSON object, not ${describe(fields)}`);
  checkModel(simulation, fields.model);
  if (typeof fields.prompt !== "string") {
    throw new ApiError(400, `prompt must be a string, not ${describe(fields.prompt)}`);
  }
  return { created: Math.floor(Date.now() / 1000), data: [{ b64_json: IMAGE }] };
}
