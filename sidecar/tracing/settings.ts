// What decides where traces go: OpenTelemetry's own environment variables, as every program that makes traces has them,
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. The exporters read those of
// OTEL_EXPORTER_OTLP_ that are not here.

import { SAMPLER_PARENT, SAMPLER_RATIO } from "../../wire/layout.ts";
import type { PlanSampling } from "../../wire/model.ts";

/** How spans are sent. */
export type ExportProtocol = "grpc" | "http/protobuf";

/** What tracing is told before it starts. */
export interface TracingSettings {
  readonly sampling: PlanSampling;
  readonly protocol: ExportProtocol;
  /** The collector's URL; the exporter reads it by itself. */
  readonly endpoint: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** The reference's; OpenTelemetry's own would trace every request. */
const DEFAULT_SAMPLER = "parentbased_traceidratio";
const DEFAULT_RATIO = "0.1";

const SAMPLERS = new Map<string, (ratio: number) => PlanSampling>([
  ["always_on", () => ({ sampler: SAMPLER_RATIO, ratio: 1 })],
  ["always_off", () => ({ sampler: SAMPLER_RATIO, ratio: 0 })],
  ["traceidratio", (ratio) => ({ sampler: SAMPLER_RATIO, ratio })],
  ["parentbased_always_on", () => ({ sampler: SAMPLER_PARENT, ratio: 1 })],
  ["parentbased_always_off", () => ({ sampler: SAMPLER_PARENT, ratio: 0 })],
  ["parentbased_traceidratio", (ratio) => ({ sampler: SAMPLER_PARENT, ratio })],
]);
/** OpenTelemetry's. */
const DEFAULT_ENDPOINTS = { grpc: "http://localhost:4317", "http/protobuf": "http://localhost:4318" } as const;
const PROTOCOLS: readonly string[] = ["grpc", "http/protobuf"] satisfies ExportProtocol[];

/** A variable cannot be understood. */
export class VariableRefused extends Error {
  constructor(name: string, value: string, wanted: string) {
    super(`${name}=${value}: ${wanted}`);
    this.name = "VariableRefused";
  }
}

// An empty variable is one that is not set.
function variable(env: Variables, ...names: readonly string[]): { name: string; value: string } | undefined {
  for (const name of names) {
    const value = env[name]?.trim();
    if (value) return { name, value };
  }
  return undefined;
}

function chosen<T extends string>(
  found: { name: string; value: string } | undefined,
  known: readonly string[],
  otherwise: T,
): T {
  if (found === undefined) return otherwise;
  if (known.includes(found.value)) return found.value as T;
  throw new VariableRefused(found.name, found.value, `Expected one of ${known.join(", ")}.`);
}

// In any case, says OpenTelemetry.
function isDisabled(env: Variables): boolean {
  const found = variable(env, "OTEL_SDK_DISABLED");
  const lower = found && { ...found, value: found.value.toLowerCase() };
  return chosen<"true" | "false">(lower, ["true", "false"], "false") === "true";
}

function ratioOf(env: Variables): number {
  const name = "OTEL_TRACES_SAMPLER_ARG";
  const value = variable(env, name)?.value ?? DEFAULT_RATIO;
  const ratio = Number(value);
  if (ratio >= 0 && ratio <= 1) return ratio;
  throw new VariableRefused(name, value, "Expected a number from 0 to 1.");
}

function endpointOf(env: Variables, protocol: ExportProtocol): string {
  const found = variable(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (found === undefined) return DEFAULT_ENDPOINTS[protocol];
  const url = URL.parse(found.value);
  if (url?.protocol === "http:" || url?.protocol === "https:") return found.value;
  throw new VariableRefused(found.name, found.value, "Expected a URL such as http://collector:4317.");
}

/**
 * What the variables say.
 * @returns undefined where they switch tracing off.
 * @throws VariableRefused
 */
export function tracingSettings(env: Variables): TracingSettings | undefined {
  if (isDisabled(env)) return undefined;
  if (chosen<"otlp" | "none">(variable(env, "OTEL_TRACES_EXPORTER"), ["otlp", "none"], "otlp") === "none")
    return undefined;
  const sampler = chosen(variable(env, "OTEL_TRACES_SAMPLER"), [...SAMPLERS.keys()], DEFAULT_SAMPLER);
  const protocol = chosen<ExportProtocol>(
    variable(env, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"),
    PROTOCOLS,
    "grpc",
  );
  const endpoint = endpointOf(env, protocol);
  return { sampling: SAMPLERS.get(sampler)!(ratioOf(env)), protocol, endpoint };
}
