import type { Question } from "../explain/explain.ts";
import type { PlannedPool, SnapshotPlan } from "../explain/snapshot.ts";
import type { KnownRequest } from "./recent-requests.ts";

/** Bytes of the longest prompt that is made up; what is longer is decided by as many. */
const MOST_BYTES = 131_072;
const OBJECTIVE_HEADER = "x-llm-d-inference-objective";
/** No pool is so saturated. */
const NEVER = Number.MAX_VALUE;

/** Text of so many bytes that repeats nowhere, so that no block of it is like another. */
function filler(bytes: number): string {
  let text = "";
  for (let word = 0; text.length < bytes; word++) text += `${word} `;
  return text.slice(0, bytes);
}

/** The plan for a request that has got past limits and queues. */
export function afterAdmission({ profiles, settings }: SnapshotPlan): SnapshotPlan {
  const admission = { ...settings.admission, flowControl: false, usageLimit: NEVER };
  return { profiles, settings: { ...settings, limits: [], admission } };
}

/**
 * A request like one that is over, of which the sidecar knows sizes, models and outcome: as long, for the model that was
 * asked of the endpoint, and as far known to the endpoint that served as its answer said. What other endpoints had cached
 * of it is not known; here they have nothing.
 * @param served address of that endpoint; undefined: none, or it has left the pool.
 */
export function playedBack(
  { request, bytes }: KnownRequest,
  pool: PlannedPool,
  served: string | undefined,
): Pick<Question, "pool" | "plan" | "body" | "headers" | "before"> {
  const model = request.target || request.model || "any";
  const encode = (prompt: string) => new TextEncoder().encode(JSON.stringify({ model, prompt }));
  const { objectives } = pool.policies;
  const objective = objectives.find(({ priority }) => priority === request.priority);
  const room = Math.min(bytes, MOST_BYTES) - encode("").length;
  const prompt = filler(Math.max(1, room));
  const cached = request.promptTokens === 0 ? 0 : Math.min(1, request.cachedTokens / request.promptTokens);
  const known = prompt.slice(0, Math.round(prompt.length * cached));
  return {
    // Models were rewritten when the request came.
    pool: { ...pool, policies: { objectives, rewrites: [] } },
    plan: request.endpoint === undefined ? pool.plan : afterAdmission(pool.plan),
    body: encode(prompt),
    headers: objective === undefined ? [] : [[OBJECTIVE_HEADER, objective.name]],
    ...(served !== undefined && known !== "" && { before: { body: encode(known), endpoint: served } }),
  };
}
