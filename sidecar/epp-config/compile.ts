import { STAGE_SCORER } from "../../wire/layout.ts";
import type { PlanProfile, PlanSettings, PlanStep } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import type { EndpointPickerConfig, Profile, ProfileEntry } from "./config.ts";

/** A configuration in the form that the filter runs. */
export interface CompiledPlan {
  /**
   * Hash of the profiles and settings, never 0. Equal configurations have equal epochs, so a restarted sidecar and a
   * replica both tell a gateway what it already holds.
   */
  readonly epoch: bigint;
  readonly profiles: readonly PlanProfile[];
  readonly settings: PlanSettings;
}

function hashed(value: unknown): bigint {
  return xxh64(JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${item}n` : item)));
}

function stepsOf({ plugin: { name, descriptor, parameters }, weight = 0 }: ProfileEntry): readonly PlanStep[] {
  const parts = descriptor.steps?.(parameters) ?? [];
  return parts.map((part) => ({
    ...part,
    name,
    weight: part.stage === STAGE_SCORER ? weight : 0,
    parameters: part.parameters ?? [],
  }));
}

function compileProfile(profile: Profile): PlanProfile {
  // The constants of the stages are in the order in which they run, and sorting keeps the file's order within one.
  const steps = profile.entries.flatMap(stepsOf).sort((one, other) => one.stage - other.stage);
  return { name: profile.name, steps };
}

/** Compiles a valid configuration: per profile the filters, then the scorers, then the picker, each in file order. */
export function compile({ profiles: configured, settings }: EndpointPickerConfig): CompiledPlan {
  const profiles = configured.map(compileProfile);
  const hash = hashed([profiles, settings]);
  return { epoch: hash === 0n ? 1n : hash, profiles, settings };
}
