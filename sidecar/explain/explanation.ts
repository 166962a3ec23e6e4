// The filter's explanation of a decision, as assembly/schedule/trace.ts writes it.

/** A figure per endpoint, in the order of the profile's endpoints; null where there is none. */
export type Column = readonly (number | null)[];

/** 1: passed, 0: dropped here, null: dropped before. */
export interface FilterStep {
  readonly filter: string;
  readonly kept: Column;
  /** Endpoints that passed, listed or not. */
  readonly left: number;
}

/** Scores held to 0..1; null: dropped by a filter. */
export interface ScorerStep {
  readonly scorer: string;
  readonly weight: number;
  readonly scores: Column;
}

export interface PickerStep {
  readonly picker: string;
  readonly totals: Column;
  /** Endpoints that share the highest total. */
  readonly ties: number;
  /** Addresses, best first. */
  readonly picks: readonly string[];
}

export type Step = FilterStep | ScorerStep | PickerStep;

/** A profile that ran. */
export interface ProfileExplanation {
  readonly name: string;
  /** Endpoints that it had to choose from, listed or not. */
  readonly candidates: number;
  /** Addresses: picks, then by total, then those that filters dropped. */
  readonly endpoints: readonly string[];
  readonly signals: {
    readonly queue: Column;
    readonly running: Column;
    readonly kvUsage: Column;
    readonly inFlight: Column;
    readonly matchedBlocks: Column;
  };
  readonly steps: readonly Step[];
}

/** A decision. */
export interface Explanation {
  readonly pool: string;
  readonly promptTokens: number;
  readonly promptBlocks: number;
  /** In the order in which they ran. */
  readonly profiles: readonly ProfileExplanation[];
}

function only(step: Step, rows: readonly number[]): Step {
  if ("filter" in step) return { ...step, kept: at(step.kept, rows) };
  if ("scorer" in step) return { ...step, scores: at(step.scores, rows) };
  return { ...step, totals: at(step.totals, rows) };
}

function at<T>(column: readonly T[], rows: readonly number[]): T[] {
  return rows.map((row) => column[row]!);
}

/**
 * The explanation with at most so many endpoints per profile, as the filter gives it to one who asks for so many.
 * @param also the address of one that is listed behind them where it is not among them.
 */
export function limited(explanation: Explanation, most: number, also?: string): Explanation {
  const profiles = explanation.profiles.map((profile) => {
    const rows = [...profile.endpoints.keys()].filter((row) => row < most || profile.endpoints[row] === also);
    const { queue, running, kvUsage, inFlight, matchedBlocks } = profile.signals;
    return {
      ...profile,
      endpoints: at(profile.endpoints, rows),
      signals: {
        queue: at(queue, rows),
        running: at(running, rows),
        kvUsage: at(kvUsage, rows),
        inFlight: at(inFlight, rows),
        matchedBlocks: at(matchedBlocks, rows),
      },
      steps: profile.steps.map((step) => only(step, rows)),
    };
  });
  return { ...explanation, profiles };
}
