import { ApiError, describe, isObject } from "./api.ts";
import { DURATION_FORMAT, parseDuration } from "./duration.ts";

const METRICS_MODES = ["ok", "error", "hang", "garbage", "huge", "slow"] as const;
/** How GET /metrics behaves. */
export type MetricsMode = (typeof METRICS_MODES)[number];

const RESET_MODES = ["before-headers", "mid-stream"] as const;
/** Where the connection of a completion is broken off. */
export type ResetMode = (typeof RESET_MODES)[number];

/** What an operator has set over the simulator's own behaviour; null where nothing is. */
export type Overrides = {
  /** Figures that /metrics shows instead of the engine's. */
  waiting: number | null;
  running: number | null;
  kvCacheUsage: number | null;
  /** Factor on the duration of every step. */
  slowdown: number | null;
  /** The engine stands still. */
  stuck: boolean | null;
  metrics: MetricsMode | null;
  /** Share of the completions that fail, and their status. */
  errorRate: number | null;
  errorStatus: number | null;
  reset: ResetMode | null;
};

/** One admin call, checked. */
export type AdminChange = {
  overrides: Partial<Overrides>;
  /** Stop listening for so many milliseconds; null to stay. */
  goneForMs: number | null;
};

/** How long a server is gone that was not told for how long. */
export const DEFAULT_GONE_MS = 2000;

type Rule = { expected: string; accepts(value: unknown): boolean };

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const oneOf = (values: readonly string[]): Rule => ({
  expected: values.map((value) => `"${value}"`).join(", "),
  accepts: (value) => values.includes(value as string),
});
const COUNT: Rule = {
  expected: "a whole number from 0",
  accepts: (value) => Number.isInteger(value) && (value as number) >= 0,
};
const SHARE: Rule = {
  expected: "a number from 0 to 1",
  accepts: (value) => isNumber(value) && value >= 0 && value <= 1,
};
const SWITCH: Rule = { expected: "true or false", accepts: (value) => typeof value === "boolean" };

const OVERRIDE_RULES: Readonly<Record<keyof Overrides, Rule>> = {
  waiting: COUNT,
  running: COUNT,
  kvCacheUsage: SHARE,
  slowdown: { expected: "a number above 0", accepts: (value) => isNumber(value) && value > 0 },
  stuck: SWITCH,
  metrics: oneOf(METRICS_MODES),
  errorRate: SHARE,
  errorStatus: {
    expected: "a whole number from 400 to 599",
    accepts: (value) => Number.isInteger(value) && (value as number) >= 400 && (value as number) <= 599,
  },
  reset: oneOf(RESET_MODES),
};

const RULES: Readonly<Record<string, Rule>> = {
  ...OVERRIDE_RULES,
  gone: SWITCH,
  goneFor: {
    expected: DURATION_FORMAT,
    accepts: (value) => typeof value === "string" && parseDuration(value) !== null,
  },
};

/** Nothing overridden. */
export function noOverrides(): Overrides {
  return {
    waiting: null,
    running: null,
    kvCacheUsage: null,
    slowdown: null,
    stuck: null,
    metrics: null,
    errorRate: null,
    errorStatus: null,
    reset: null,
  };
}

/**
 * Reads the body of POST /admin/state. Null clears a field. Throws an ApiError 400 that names the field and what is
 * expected, before anything is changed.
 */
export function parseAdminChange(body: unknown): AdminChange {
  if (!isObject(body)) throw new ApiError(400, `the body must be a JSON object, not ${describe(body)}`);
  const overrides: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(body)) {
    const rule = Object.hasOwn(RULES, field) ? RULES[field] : undefined;
    if (rule === undefined) {
      throw new ApiError(400, `unknown field ${describe(field)}: expected any of ${Object.keys(RULES).join(", ")}`);
    }
    if (value !== null && !rule.accepts(value)) {
      throw new ApiError(400, `${field} must be ${rule.expected}, or null to clear it, not ${describe(value)}`);
    }
    if (field in OVERRIDE_RULES) overrides[field] = value;
  }
  const gone = body.gone === true;
  const goneFor = body.goneFor ?? null;
  if (goneFor !== null && !gone) throw new ApiError(400, 'goneFor may only be given with "gone": true');
  const goneForMs = goneFor === null ? DEFAULT_GONE_MS : parseDuration(goneFor as string);
  return { overrides, goneForMs: gone ? goneForMs : null };
}
