// Whether requests are traced.

import type { Command } from "commander";
import { type TracingSettings, tracingSettings, VariableRefused } from "../tracing/settings.ts";
import { switchOption } from "./option.ts";
import type { Environment } from "./scope-flags.ts";

/** What these flags say. */
export interface TracingFlags {
  readonly tracing?: boolean;
}

/** Adds the flag to a command. */
export function addTracingFlags(command: Command): void {
  command.optionsGroup("Tracing:");
  command.addOption(
    switchOption(
      "tracing",
      "spans of requests, by OTLP; where to and of which OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_SAMPLER and " +
        "their like say (default: false)",
    ),
  );
}

/** What is wrong with the variables by which requests are traced. */
export function tracingContradiction(command: Command, env: Environment): string | undefined {
  try {
    tracingOf(command.opts<TracingFlags>(), env);
    return undefined;
  } catch (error) {
    if (error instanceof VariableRefused) return error.message;
    throw error;
  }
}

/** The settings; undefined where nothing is traced. */
export function tracingOf({ tracing }: TracingFlags, env: Environment): TracingSettings | undefined {
  return tracing === true ? tracingSettings(env) : undefined;
}
