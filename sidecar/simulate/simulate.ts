import type { CompiledPlan } from "../epp-config/compile.ts";
import { loadFilterModule } from "../filter/module.ts";
import { filterPolicy } from "./filter-policy.ts";
import { leastRequestPolicy, randomPolicy, roundRobinPolicy } from "./plain-policies.ts";
import type { PolicyMaker } from "./policy.ts";
import { replay } from "./replay.ts";
import { type Summary, summarize } from "./statistics.ts";
import { openTrace } from "./trace.ts";
import { type BuiltWorkload, buildWorkload, type WorkloadSettings } from "./workload.ts";

/** The policies that need no configuration, by name, in the order of the report. */
const PLAIN: Readonly<Record<string, PolicyMaker>> = {
  random: randomPolicy,
  "round-robin": roundRobinPolicy,
  "least-request": leastRequestPolicy,
};

/** What stands for the configurations in a list of policies. */
const CONFIG = "config";

/** What can be asked for. */
export const POLICIES = [...Object.keys(PLAIN), CONFIG];

/** A configuration and what to call it. */
export interface NamedPlan {
  readonly name: string;
  readonly plan: CompiledPlan;
}

/** What is to be simulated. */
export interface SimulateSettings extends WorkloadSettings {
  readonly trace: string;
  /** Requests to take from the trace's beginning; undefined: all. */
  readonly requests: number | undefined;
  /** Of POLICIES. */
  readonly policies: readonly string[];
  /** What the policy "config" stands for. */
  readonly plans: readonly NamedPlan[];
  /** VMs of the filter. */
  readonly workers: number;
  /** Milliseconds. */
  readonly scrapeInterval: number;
  /** Output tokens per piece of an answer after the first; 0: nothing between the first token and the last piece. */
  readonly tokensPerPiece: number;
}

/** One policy's part of a simulation. */
export interface PolicyResult extends Summary {
  readonly name: string;
}

/** What a simulation has shown. */
export interface Simulation {
  readonly trace: string;
  readonly built: BuiltWorkload;
  readonly policies: readonly PolicyResult[];
  readonly notes: readonly string[];
}

/**
 * Replays a trace under each policy asked for, one after the other.
 * @param progress is told of each policy's arrivals, counted from 1.
 * @throws TraceRefused, WorkloadRefused, FilterMissing.
 */
export async function simulate(
  settings: SimulateSettings,
  progress: (policy: string, arrived: number, of: number) => void,
): Promise<Simulation> {
  const { policies, plans, workers, scrapeInterval, tokensPerPiece } = settings;
  const module = policies.includes(CONFIG) ? loadFilterModule() : undefined;
  const built = buildWorkload(await openTrace(settings.trace, settings.requests), settings);
  const { workload } = built;
  const { requests } = workload;
  const notes = new Set(built.notes);
  const makers = POLICIES.filter((name) => policies.includes(name)).flatMap((name) => {
    const plain = PLAIN[name];
    if (plain !== undefined) return [{ name, maker: plain }];
    return plans.map(({ name: plan, plan: compiled }) => {
      const warn = (message: string) => notes.add(`the filter warns under ${plan}: ${message}`);
      const options = { module: module!, plan: compiled, requests, workers, scrapeInterval, tokensPerPiece, warn };
      return { name: plan, maker: filterPolicy(options) };
    });
  });
  const results = makers.map(({ name, maker }): PolicyResult => {
    const run = replay(workload, maker, (arrived) => progress(name, arrived, requests.length));
    return { name, ...summarize(workload, run) };
  });
  return { trace: settings.trace, built, policies: results, notes: [...notes] };
}
