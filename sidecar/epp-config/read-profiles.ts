import { STAGE_SCORER } from "../../wire/layout.ts";
import { list, mapping, type Place, show } from "../support/fields.ts";
import type { PluginInstance, Profile, ProfileEntry } from "./config.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";

/** Weight of a scorer that is listed without one. */
const DEFAULT_WEIGHT = 1;

/** What a profile may hold. */
export const PROFILE_FIELDS = {
  name: "what profile handlers call it; required",
  plugins: "filters in the order in which they run, scorers, and one picker; without one the first that is declared",
} as const;

/** What an entry of a profile's plugins may hold. */
export const ENTRY_FIELDS = {
  pluginRef: "the name of a plugin; required",
  weight: `of a scorer: an endpoint's total is the sum of weight x score; a number, left out: ${DEFAULT_WEIGHT}`,
} as const;

/** Whether a plugin scores, and so has a weight. */
export function scores({ descriptor, parameters }: PluginInstance): boolean {
  return (
    descriptor.stage === "scorer" ||
    (descriptor.steps?.(parameters).some((step) => step.stage === STAGE_SCORER) ?? false)
  );
}

/** A plugin's entry with the default weight. */
export function plainEntry(plugin: PluginInstance): ProfileEntry {
  return { plugin, weight: scores(plugin) ? DEFAULT_WEIGHT : undefined };
}

function readWeight(plugin: PluginInstance, value: unknown, place: Place): number | undefined {
  const scorer = scores(plugin);
  if (value === undefined || value === null) return scorer ? DEFAULT_WEIGHT : undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) return place.expect("a finite number", value);
  if (!scorer) {
    place.warn(`has no effect: ${plugin.name} is a ${plugin.descriptor.stage}`);
    return undefined;
  }
  if (value < 0)
    place.warn(`${value} is negative: the higher ${plugin.name} scores an endpoint, the less it is chosen`);
  return value;
}

function readEntry(value: unknown, place: Place, declared: DeclaredPlugins): ProfileEntry | undefined {
  const fields = mapping(value, place, Object.keys(ENTRY_FIELDS));
  if (fields === undefined) return undefined;
  const { pluginRef: name } = fields;
  const at = place.at("pluginRef");
  if (name === undefined || name === null || name === "") return place.refuse("pluginRef is missing");
  if (typeof name !== "string") return at.expect("the name of a plugin", name);
  const plugin = declared.named(name);
  if (plugin === undefined) return declared.refuseReference(name, at, "plugin");
  const { stage, steps } = plugin.descriptor;
  if (stage === "saturation detector") {
    return at.refuse(`${name} would be a filter here, which is known, but this version does not have it`);
  }
  if (steps === undefined) {
    at.warn(`${name} is a ${stage} and has no effect in a profile`);
    return undefined;
  }
  return { plugin, weight: readWeight(plugin, fields.weight, place.at("weight")) };
}

function readEntries(value: unknown, place: Place, declared: DeclaredPlugins): ProfileEntry[] {
  const entries: ProfileEntry[] = [];
  list(value ?? [], place)?.forEach((item, index) => {
    const entry = readEntry(item, place.at(index), declared);
    if (entry === undefined) return;
    const at = place.at(index).at("pluginRef");
    const { name, descriptor } = entry.plugin;
    const picker = entries.find((earlier) => earlier.plugin.descriptor.stage === "picker");
    if (descriptor.stage === "picker" && picker !== undefined) {
      at.refuse(`${name} is a second picker, after ${picker.plugin.name}`);
      return;
    }
    if (entries.some((earlier) => earlier.plugin === entry.plugin)) at.warn(`${name} is listed twice, and runs twice`);
    entries.push(entry);
  });
  return entries;
}

/** Reads the `schedulingProfiles` section as it stands; `completeProfiles` fills in what it leaves out. */
export function readProfiles(value: unknown, place: Place, declared: DeclaredPlugins): Profile[] {
  const profiles: Profile[] = [];
  list(value ?? [], place)?.forEach((item, index) => {
    const at = place.at(index);
    const fields = mapping(item, at, Object.keys(PROFILE_FIELDS));
    if (fields === undefined) return;
    const { name } = fields;
    if (name === undefined || name === null || name === "") at.refuse("name is missing");
    else if (typeof name !== "string") at.at("name").expect("a string", name);
    const earlier = profiles.findIndex((profile) => profile.name === name);
    if (earlier >= 0) at.at("name").refuse(`${show(name)} is already the name of schedulingProfiles[${earlier}]`);
    profiles.push({ name: String(name ?? ""), entries: readEntries(fields.plugins, at.at("plugins"), declared) });
  });
  return profiles;
}
