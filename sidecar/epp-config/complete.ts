import type { EndpointPickerConfig, PluginInstance, Profile, ProfileEntry } from "./config.ts";
import type { Findings } from "./findings.ts";
import { maxScorePicker } from "./plugins/max-score-picker.ts";
import type { PluginDescriptor } from "./plugins/plugin.ts";
import { singleProfileHandler } from "./plugins/single-profile-handler.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";
import { DEFAULT_WEIGHT } from "./read-profiles.ts";

/** Name of the profile that is made where the configuration has none. */
const DEFAULT_PROFILE = "default";

function addDefault(
  descriptor: PluginDescriptor,
  plugins: PluginInstance[],
  declared: DeclaredPlugins,
  findings: Findings,
): PluginInstance {
  const name = descriptor.type;
  if (declared.names.has(name)) {
    findings.problem(["plugins"], `the name ${name} is taken, and the default ${descriptor.stage} needs it`);
  }
  const instance = { name, descriptor, parameters: descriptor.parameters.map((parameter) => parameter.default) };
  plugins.push(instance);
  return instance;
}

function defaultProfile(plugins: readonly PluginInstance[], findings: Findings): Profile {
  const used = plugins.filter((plugin) => plugin.descriptor.stage !== "profile handler");
  const pickers = used.filter((plugin) => plugin.descriptor.stage === "picker");
  if (pickers.length > 1) {
    const names = pickers.map((picker) => picker.name).join(" and ");
    findings.problem(
      ["plugins"],
      `${names} are pickers, and without schedulingProfiles all plugins go into one profile`,
    );
  }
  const entry = (plugin: PluginInstance): ProfileEntry => ({
    plugin,
    weight: plugin.descriptor.stage === "scorer" ? DEFAULT_WEIGHT : 0,
  });
  return { name: DEFAULT_PROFILE, entries: used.map(entry) };
}

function checkHandlers(plugins: readonly PluginInstance[], profiles: number, findings: Findings): void {
  const handlers = plugins.filter((plugin) => plugin.descriptor.stage === "profile handler");
  if (handlers.length > 1) {
    findings.problem(["plugins"], `${handlers.map((h) => h.name).join(" and ")} are profile handlers; one is allowed`);
  }
  if (profiles > 1) {
    findings.problem(
      ["schedulingProfiles"],
      `${profiles} profiles, but ${singleProfileHandler.type}, the only profile handler of this version, runs one`,
    );
  }
}

function warnOfIdle(plugins: readonly PluginInstance[], profiles: readonly Profile[], findings: Findings): void {
  profiles.forEach((profile, index) => {
    if (!profile.entries.some((entry) => entry.plugin.descriptor.stage === "scorer")) {
      findings.warn(["schedulingProfiles", index], `profile ${profile.name} has no scorer: all endpoints rank equal`);
    }
  });
  plugins.forEach((plugin, index) => {
    if (plugin.descriptor.stage === "profile handler") return;
    if (profiles.some((profile) => profile.entries.some((entry) => entry.plugin === plugin))) return;
    findings.warn(["plugins", index], `${plugin.name} is in no profile and has no effect`);
  });
}

/**
 * Fills in what the reference fills in: a profile of all plugins where none is given, a picker for profiles without
 * one (the first picker among the plugins, else max-score-picker), and the single-profile-handler.
 */
export function complete(
  apiVersion: string,
  declared: DeclaredPlugins,
  given: readonly Profile[],
  findings: Findings,
): EndpointPickerConfig {
  const plugins = [...declared.instances];
  const bare = given.length > 0 ? given : [defaultProfile(plugins, findings)];
  const hasPicker = (profile: Profile) => profile.entries.some((entry) => entry.plugin.descriptor.stage === "picker");
  const profiles = bare.map((profile) => {
    if (hasPicker(profile)) return profile;
    const picker =
      plugins.find((plugin) => plugin.descriptor.stage === "picker") ??
      addDefault(maxScorePicker, plugins, declared, findings);
    return { ...profile, entries: [...profile.entries, { plugin: picker, weight: 0 }] };
  });
  if (!plugins.some((plugin) => plugin.descriptor.stage === "profile handler")) {
    addDefault(singleProfileHandler, plugins, declared, findings);
  }
  checkHandlers(plugins, profiles.length, findings);
  warnOfIdle(declared.instances, profiles, findings);
  return { apiVersion, plugins, profiles };
}
