import { STAGE_FILTER, STAGE_PICKER, STAGE_SCORER } from "../../../wire/layout.ts";
import type { PlanAdmission, PlanBand, PlanLimit, PlanTerm } from "../../../wire/model.ts";
import type { Place } from "../../support/fields.ts";
import type { ApiGroup } from "../api-group.ts";
import type { Shape, Values } from "../shape.ts";

/** What a plugin is. Filters, scorers and pickers stand in profiles, the others beside them. */
export type Stage =
  | "filter"
  | "scorer"
  | "picker"
  | "profile handler"
  | "decider"
  | "data producer"
  | "data source"
  | "extractor"
  | "endpoint discovery"
  | "replica syncer"
  | "request handler"
  | "parser"
  | "saturation detector"
  | "fairness policy"
  | "ordering policy"
  | "usage limit policy"
  | "eviction policy"
  | "admitter"
  | "rate limiter";

/** What a plugin does in a profile: one step of a plan, but for its name and its weight. */
export interface StepParts {
  /** One of the STAGE_ constants. */
  readonly stage: number;
  /** One of the PLUGIN_ constants. */
  readonly plugin: number;
  /** Numbers in the order of the slots that wire/FORMAT.md gives. */
  readonly parameters?: readonly number[];
  readonly terms?: readonly PlanTerm[];
  readonly text?: string;
}

/** What a decider decides by. */
export interface Decision {
  /** One of the DECIDER_ constants. */
  readonly decider: number;
  readonly nonCachedTokens: number;
  readonly promptTokens: number;
}

/** What a profile handler may ask of the configuration around it. */
export interface Surroundings {
  /** The handler's entry, for findings. */
  readonly place: Place;
  /** Index of the profile of that name; -1: there is none. */
  profile(name: string): number;
  readonly profiles: readonly string[];
  /** What the decider of that name decides by; undefined: there is none, and a problem more. */
  decider(name: string, place: Place): Decision | undefined;
  /**
   * Where a parameter stands that has several names, `profiles.decode` or `decodeProfile`: the first that is written;
   * undefined: none is, and the default holds.
   */
  parameter(...fields: readonly string[]): Place | undefined;
  /** Whether a plugin has that name. */
  has(name: string): boolean;
}

/** A profile handler's part of a plan's settings. */
export interface HandlerSettings {
  /** One of the HANDLER_ constants. */
  readonly handler: number;
  /** Numbers in the order of the slots that wire/FORMAT.md gives. */
  readonly handlerParameters: readonly number[];
}

/** All that the configuration needs to know of one plugin type, where its parameters are `V`. */
export interface PluginParts<V> {
  /** The name that `type` holds in a configuration. */
  readonly type: string;
  readonly stage: Stage;
  /** What it does, in one or two sentences: the reference of the configuration says it. */
  readonly about: string;
  /** Set where no other endpoint picker has it: the others are called there as here. */
  readonly own?: true;
  /** Looks at the parameters together, tells what is wrong, and returns them as they are to be kept. */
  readonly check?: (values: V, place: Place, group: ApiGroup) => V;
  /** Its steps in a profile; filters, scorers and pickers have this. */
  readonly steps?: (values: V) => readonly StepParts[];
  /** Profile handlers have this. */
  readonly handle?: (values: V, around: Surroundings) => HandlerSettings;
  /** Deciders have this. */
  readonly decide?: (values: V) => Decision;
  /** Saturation detectors have this. */
  readonly detect?: (values: V) => Pick<PlanAdmission, "detector" | "detectorParameters">;
  /** Fairness policies that have an effect have this; the half-life in seconds. */
  readonly share?: (values: V) => Pick<PlanBand, "fairness" | "halfLife">;
  /** Ordering policies have this: one of the ORDER_ constants. */
  readonly order?: number;
  /** Usage limit policies that have an effect have this: the saturation from which on requests wait. */
  readonly limit?: (values: V) => number;
  /** Rate limiters have this: their limits. */
  readonly limits?: (values: V) => readonly PlanLimit[];
  /** The type that has a parameter which older configurations give to this one; undefined: it is just unknown. */
  readonly parameterOf?: (name: string, group: ApiGroup) => string | undefined;
  /**
   * Set where the plugin has no effect in this version: `always`, or `unless default` where the reference adds the
   * plugin by itself, and only parameters other than its defaults would have an effect there.
   */
  readonly idle?: "always" | "unless default";
}

/** A plugin type, whatever its parameters. */
export interface PluginDescriptor extends PluginParts<Readonly<Record<string, unknown>>> {
  /** What `parameters` may hold. */
  readonly shape: (group: ApiGroup) => Shape;
}

/** Makes a descriptor; the parameters' types follow from the shape. */
export function plugin<S extends Shape>(
  parts: PluginParts<Values<S>> & { readonly shape: S | ((group: ApiGroup) => S) },
): PluginDescriptor {
  const { shape } = parts;
  // The one place where the types of a shape's values are given up: only values read by this shape come back.
  return { ...parts, shape: typeof shape === "function" ? shape : () => shape } as unknown as PluginDescriptor;
}

/** A filter's step. */
export function filtering(wire: number, parts: Omit<StepParts, "stage" | "plugin"> = {}): StepParts {
  return { stage: STAGE_FILTER, plugin: wire, ...parts };
}

/** A scorer's step. */
export function scoring(wire: number, parts: Omit<StepParts, "stage" | "plugin"> = {}): StepParts {
  return { stage: STAGE_SCORER, plugin: wire, ...parts };
}

/** A picker's step. */
export function picking(wire: number, parameters: readonly number[]): StepParts {
  return { stage: STAGE_PICKER, plugin: wire, parameters };
}
