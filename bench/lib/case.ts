/** How a case is run. */
export interface CaseOptions {
  /** Fewer rounds and shorter runs: good enough to see whether something broke. */
  readonly quick: boolean;
  /** Tells what happens now, for people who wait. */
  readonly progress: (text: string) => void;
}

/** One JSON line of a case's result. */
export type ResultLine = Readonly<Record<string, string | number | boolean>>;

/** What a case has measured. */
export interface CaseResult {
  readonly lines: readonly ResultLine[];
  /** The same for people. */
  readonly text: string;
}

/** One named measurement. */
export interface BenchCase {
  readonly name: string;
  readonly summary: string;
  run(options: CaseOptions): Promise<CaseResult>;
}
