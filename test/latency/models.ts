// The filter's latency model, each time a fresh one, and requests whose times are made up by a known rule.

import { createRandom } from "../../simulator/random.ts";
import { compileAssembly } from "../harness/assembly-module.ts";

export type Model = {
  observeTtft(
    slot: number,
    uncached: number,
    ahead: number,
    waiting: number,
    running: number,
    usage: number,
    milliseconds: number,
  ): void;
  observeTpot(slot: number, running: number, usage: number, tokensInFlight: number, milliseconds: number): void;
  predictTtft(slot: number, uncached: number, ahead: number, waiting: number, running: number, usage: number): number;
  predictTpot(slot: number, running: number, usage: number, tokensInFlight: number): number;
  dropModel(slot: number): void;
  ttftObservations(slot: number): number;
  memory: WebAssembly.Memory;
};

/** A model that has observed nothing. */
export const createModel = await compileAssembly<Omit<Model, "memory">>("latency-module.ts");

/** What a TTFT depends on, in the order of the model's parameters: uncached, ahead, waiting, running, usage. */
export type Features = readonly [number, number, number, number, number];

/** Milliseconds of a first token by a linear rule: a base, then a factor for each feature. */
export type Rule = { readonly base: number; readonly factors: Features };

/** 20 ms, 0.05 ms a token, 0.01 ms a token ahead, 30 ms each waiting, 2 ms each running, 40 ms for a full cache. */
export const RULE: Rule = { base: 20, factors: [0.05, 0.01, 30, 2, 40] };

/** What the rule says. */
export function timeBy(rule: Rule, features: Features): number {
  return features.reduce((sum, feature, index) => sum + rule.factors[index]! * feature, rule.base);
}

/** Draws features evenly, each on its own: up to 8,000 and 20,000 tokens, 1..9 waiting (never none), 0..15 running. */
export function createFeatures(random: () => number): () => Features {
  return () => [
    Math.floor(random() * 8000),
    Math.floor(random() * 20_000),
    1 + Math.floor(random() * 9),
    Math.floor(random() * 16),
    random(),
  ];
}

/** Draws factors with mean 1, evenly from 1 - spread to 1 + spread. */
export function createNoise(spread: number, random: () => number): () => number {
  return () => 1 + spread * (2 * random() - 1);
}

/** Predicts and observes requests by a rule; gives prediction / truth without noise of each. */
export function teach(
  model: Model,
  slot: number,
  rule: Rule,
  { count, seed, spread = 0.1 }: { count: number; seed: number; spread?: number },
): number[] {
  const random = createRandom(seed);
  const nextFeatures = createFeatures(random);
  const noise = createNoise(spread, random);
  return Array.from({ length: count }, () => {
    const features = nextFeatures();
    const truth = timeBy(rule, features);
    const ratio = model.predictTtft(slot, ...features) / truth;
    model.observeTtft(slot, ...features, truth * noise());
    return ratio;
  });
}

/** A rule `factor` times as slow. */
export function slower(rule: Rule, factor: number): Rule {
  return { base: rule.base * factor, factors: rule.factors.map((each) => each * factor) as unknown as Features };
}

/** Mean distance of ratios from 1. */
export function meanError(ratios: readonly number[]): number {
  return ratios.reduce((sum, ratio) => sum + Math.abs(ratio - 1), 0) / ratios.length;
}
