// What the scheduler is told of a request.

import { Body, bodyBlocksAt, isKnown } from "../body/body.ts";
import { matchPrefix } from "../prefix/index.ts";
import { BYTES_PER_TOKEN } from "../prefix/settings.ts";
import { resetInputs, setAdapter, setImages, setOutput, setPrompt, setSession, setSlo } from "../schedule/inputs.ts";
import { NEEDS_MATCHED } from "../schedule/signals.ts";
import { Pool } from "../state/pool.ts";
import { planOutputMax, planOutputRatio } from "../wire/plan.ts";
import { Request } from "./request.ts";

/** Makes a request the one under consideration. Headers have been read into the record, the body is complete. */
export function describe(request: Request, pool: Pool): void {
  resetInputs();
  matchPrefix(0, 0); // what was found of the last request's prompt says nothing of this one's
  setSession(request.session);
  setSlo(request.sloTtft, request.sloTpot);
  if (request.body == 0) return;
  const body = changetype<Body>(request.body);
  if (!isKnown(body)) return;
  request.promptTokens = (body.promptBytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN;
  setPrompt(f64(request.promptTokens), body.blocks, request.blockTokens);
  request.tokens = tokensOf(request, body, pool);
  setOutput(f64(request.tokens) - f64(request.promptTokens));
  setAdapter(body.modelHash);
  setImages(body.images);
  if ((pool.derived.planNeeds & NEEDS_MATCHED) != 0) matchPrefix(bodyBlocksAt(body), body.blocks);
}

// Tokens that a request counts for while it is in flight: its prompt's, and of its output as many as the plan says.
// The reference's estimate: ratio x prompt tokens, at most what the client allows and at most the plan's cap.
function tokensOf(request: Request, body: Body, pool: Pool): u32 {
  const ratio = planOutputRatio(pool.plan);
  if (ratio == 0) return request.promptTokens;
  let output = Math.round(f64(request.promptTokens) * ratio);
  if (body.maxTokens != 0) output = min(output, f64(body.maxTokens));
  const most = planOutputMax(pool.plan);
  if (most != 0) output = min(output, f64(most));
  return u32(min<f64>(f64(request.promptTokens) + output, 1_000_000_000));
}
