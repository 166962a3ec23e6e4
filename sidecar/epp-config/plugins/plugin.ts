/** Where a plugin acts. Only filters, scorers and pickers travel in a plan; a profile handler chooses the profiles. */
export type Stage = "filter" | "scorer" | "picker" | "profile handler";

/** One field of a plugin's `parameters`. Its index in the descriptor's list is its slot in the plan's step. */
export interface Parameter {
  readonly name: string;
  /** Used where the configuration leaves the field out. */
  readonly default: number;
  /** What is accepted, as the end of "must be ...". */
  readonly expected: string;
  readonly accepts: (value: unknown) => value is number;
}

/** All that the configuration needs to know of one plugin type. */
export interface PluginDescriptor {
  /** The name that `type` holds in a configuration. */
  readonly type: string;
  readonly stage: Stage;
  /** One of the PLUGIN_ constants of the wire; undefined where the plugin is not part of a plan. */
  readonly wire: number | undefined;
  /** At most four, in the order of the slots of a plan's step. */
  readonly parameters: readonly Parameter[];
}

/** A parameter that takes an integer from `min` to `max`. */
export function integerParameter(name: string, fallback: number, min: number, max: number): Parameter {
  return {
    name,
    default: fallback,
    expected: `an integer from ${min} to ${max}`,
    accepts: (value): value is number =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}
