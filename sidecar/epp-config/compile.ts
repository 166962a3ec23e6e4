import { STAGE_FILTER, STAGE_PICKER, STAGE_SCORER } from "../../wire/layout.ts";
import type { PlanProfile, PlanStep } from "../../wire/model.ts";
import { xxh64 } from "../../wire/xxh64.ts";
import type { EndpointPickerConfig, Profile } from "./config.ts";

const STAGES = [
  ["filter", STAGE_FILTER],
  ["scorer", STAGE_SCORER],
  ["picker", STAGE_PICKER],
] as const;

/** A configuration in the form that the filter runs. */
export interface CompiledPlan {
  /**
   * Hash of the profiles, never 0. Equal configurations have equal epochs, so a restarted sidecar and a replica both
   * tell a gateway what it already holds.
   */
  readonly epoch: bigint;
  readonly profiles: readonly PlanProfile[];
}

function compileProfile(profile: Profile): PlanProfile {
  const steps = STAGES.flatMap(([stage, wire]) =>
    profile.entries
      .filter((entry) => entry.plugin.descriptor.stage === stage)
      .map(
        ({ plugin, weight }): PlanStep => ({
          stage: wire,
          // Every filter, scorer and picker of the catalogue has a constant; a test holds the catalogue to it.
          plugin: plugin.descriptor.wire!,
          name: plugin.name,
          weight,
          parameters: plugin.parameters,
        }),
      ),
  );
  return { name: profile.name, steps };
}

/** Compiles a valid configuration: per profile the filters, then the scorers, then the picker, each in file order. */
export function compile(config: EndpointPickerConfig): CompiledPlan {
  const profiles = config.profiles.map(compileProfile);
  const hash = xxh64(JSON.stringify(profiles));
  return { epoch: hash === 0n ? 1n : hash, profiles };
}
