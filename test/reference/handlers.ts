// The profile handlers that run more than a single profile as it is, and what decides for them.

import type { Candidate, Request } from "./model.ts";

/** Whether a stage is given to another endpoint; `decode` is the one picked to decode, where there is one yet. */
export type Decider = (request: Request, decode: Candidate | undefined) => boolean;

/** `always-disagg-pd-decider`. */
export function decideAlways(): boolean {
  return true;
}

/**
 * `prefix-based-pd-decider`: prefill elsewhere where at least `nonCachedTokens` of the prompt are not cached on the
 * decode endpoint, cached blocks counted as whole blocks, and the prompt has at least `promptTokens` (0: however
 * short). Never where `nonCachedTokens` is 0, or no decode endpoint is known.
 */
export function decideByPrefix({ nonCachedTokens = 0, promptTokens = 0 } = {}): Decider {
  return (request, decode) => {
    if (nonCachedTokens === 0 || decode === undefined) return false;
    if (request.promptTokens < promptTokens) return false;
    return request.promptTokens - decode.matchedBlocks * request.blockTokens >= nonCachedTokens;
  };
}

/** `always-disagg-multimodal-decider`: encode elsewhere where the prompt has images, audio or video. */
export function decideByMedia({ images }: Request): boolean {
  return images > 0;
}

export type StageName = "decode" | "encode" | "prefill";

/** A stage beside decode that has a profile; without a decider it is never asked for, see `runStages`. */
export type OptionalStage = { readonly decider: Decider | undefined };

export type StageSettings = {
  readonly order: "decode-first" | "prefill-first";
  readonly encode: OptionalStage | undefined;
  readonly prefill: OptionalStage | undefined;
};

/** What each stage has picked, best first; a stage that was not run or has failed is absent. */
export type StageResults = Partial<Record<StageName, readonly Candidate[]>>;

/**
 * `disagg-profile-handler`: runs decode, then encode, then prefill, the latter two where their deciders say so of the
 * first decode endpoint; or, prefill first, prefill without asking, encode by its decider without a decode endpoint,
 * then decode. `run` gives what a profile picks, undefined where it fails.
 *
 * A failed encode or prefill is left out; where decode fails the whole fails and the result is undefined.
 */
export function runStages(
  settings: StageSettings,
  request: Request,
  run: (stage: StageName) => readonly Candidate[] | undefined,
): StageResults | undefined {
  const results: StageResults = {};
  const runStage = (stage: StageName): void => {
    const picked = run(stage);
    if (picked !== undefined && picked.length > 0) results[stage] = picked;
  };
  const isWanted = (stage: OptionalStage | undefined): boolean =>
    stage?.decider?.(request, results.decode?.[0]) ?? false;

  if (settings.order === "prefill-first") {
    if (settings.prefill !== undefined) runStage("prefill");
    if (isWanted(settings.encode)) runStage("encode");
    runStage("decode");
  } else {
    runStage("decode");
    if (results.decode === undefined) return undefined;
    if (isWanted(settings.encode)) runStage("encode");
    if (isWanted(settings.prefill)) runStage("prefill");
  }
  return results.decode === undefined ? undefined : results;
}

/**
 * `data-parallel-profile-handler`: the request goes to the pod's primary port, and a header tells which of its ports
 * was meant. The header names the first of the picked addresses; every destination has its port replaced.
 */
export function toPrimaryPort(addresses: readonly string[], primaryPort: number) {
  return {
    header: addresses[0],
    destinations: addresses.map((address) => address.replace(/:\d+$/, `:${primaryPort}`)),
  };
}
