/** How a case is run. */
export interface CaseOptions {
  /** Fewer rounds and shorter runs, only what budgets are of where that saves time. */
  readonly quick: boolean;
  /** How many times as many rounds as usual: 1, or more where a case is run again because a ratio failed. */
  readonly times: number;
  /** Tells what happens now, for people who wait. */
  readonly progress: (text: string) => void;
  /** `inline-vs-plain`: another gateway, to which the same requests go in turns with ours. */
  readonly against?: URL;
  /** `inline-vs-plain`: the first of the eight ports in a row that its model servers have; free ones where left out. */
  readonly backendPort?: number;
  /** `memory`: how many requests pass; as many as the case thinks fit where left out. */
  readonly requests?: number;
}

/** One JSON line of a case's result. */
export type ResultLine = Readonly<Record<string, string | number | boolean>>;

/** Cells in rows, the first of which is a heading. */
export type Rows = readonly (readonly string[])[];

/** What a case has measured. */
export interface CaseResult {
  readonly lines: readonly ResultLine[];
  /** The same for people. */
  readonly tables: readonly Rows[];
}

/** One measurement. */
export type RunCase = (options: CaseOptions) => Promise<CaseResult>;
