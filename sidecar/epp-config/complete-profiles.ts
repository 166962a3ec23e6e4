import type { Place } from "../support/fields.ts";
import type { PluginInstance, Profile } from "./config.ts";
import { maxScorePicker } from "./plugins/pickers.ts";
import { singleProfileHandler } from "./plugins/single-profile-handlers.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";
import { plainEntry, scores } from "./read-profiles.ts";

/** Name of the profile that is made where the configuration has none. */
const DEFAULT_PROFILE = "default";

function isPicker({ descriptor }: PluginInstance): boolean {
  return descriptor.stage === "picker";
}

/** A plugin that the reference adds, unless its name leads to something else. */
function added(descriptor: typeof maxScorePicker, declared: DeclaredPlugins): PluginInstance {
  const { type, stage } = descriptor;
  const there = declared.named(type);
  if (there !== undefined && there.descriptor.stage !== stage) {
    declared.place.refuse(`the name ${type} is taken, and the default ${stage} needs it`);
  }
  return declared.add(descriptor);
}

function defaultProfile(declared: DeclaredPlugins): Profile {
  const used = declared.instances.filter((plugin) => plugin.descriptor.steps !== undefined);
  const pickers = used.filter(isPicker);
  if (pickers.length > 1) {
    const names = pickers.map((picker) => picker.name).join(" and ");
    declared.place.refuse(`${names} are pickers, and without schedulingProfiles all plugins go into one profile`);
  }
  for (const plugin of declared.instances) {
    if (plugin.descriptor.stage !== "saturation detector") continue;
    declared
      .placeOf(plugin)
      .refuse(
        `${plugin.name} would be a filter without schedulingProfiles, ` +
          "which is known, but this version does not have it",
      );
  }
  return { name: DEFAULT_PROFILE, entries: used.map(plainEntry) };
}

function warnOfIdle(declared: DeclaredPlugins, profiles: readonly Profile[], section: Place): void {
  profiles.forEach((profile, index) => {
    if (profile.entries.some((entry) => scores(entry.plugin))) return;
    // A random picker needs no scorer.
    if (profile.entries.some((entry) => entry.plugin.descriptor.type === "random-picker")) return;
    section.at(index).warn(`profile ${profile.name} has no scorer: all endpoints rank equal`);
  });
  for (const plugin of declared.instances) {
    if (plugin.descriptor.steps === undefined || !declared.names.has(plugin.name)) continue;
    if (profiles.some((profile) => profile.entries.some((entry) => entry.plugin === plugin))) continue;
    declared.placeOf(plugin).warn(`${plugin.name} is in no profile and has no effect`);
  }
}

/**
 * Fills in what the reference fills in: a profile of all plugins where none is given, a picker for profiles without
 * one (the first picker among the plugins, else max-score-picker), and for one profile the single-profile-handler.
 * @param section where `schedulingProfiles` stands.
 */
export function completeProfiles(
  declared: DeclaredPlugins,
  given: readonly Profile[],
  section: Place,
): readonly Profile[] {
  const bare = given.length > 0 ? given : [defaultProfile(declared)];
  const profiles = bare.map((profile) => {
    if (profile.entries.some((entry) => isPicker(entry.plugin))) return profile;
    const picker = declared.instances.find(isPicker) ?? added(maxScorePicker, declared);
    return { ...profile, entries: [...profile.entries, plainEntry(picker)] };
  });
  const handlers = declared.instances.filter((plugin) => plugin.descriptor.stage === "profile handler");
  if (handlers.length > 1) {
    declared.place.refuse(
      `${handlers.map((plugin) => plugin.name).join(" and ")} are profile handlers; one is allowed`,
    );
  } else if (handlers.length === 0 && profiles.length === 1) {
    added(singleProfileHandler, declared);
  } else if (handlers.length === 0) {
    section.refuse(`${profiles.length} profiles need a profile handler such as disagg-profile-handler in plugins`);
  }
  warnOfIdle(declared, profiles, section);
  return profiles;
}
