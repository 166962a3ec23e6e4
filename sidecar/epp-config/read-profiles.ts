import { MAX_STEPS } from "../../wire/layout.ts";
import type { PluginInstance, Profile, ProfileEntry } from "./config.ts";
import { list, mapping, onlyFields, requiredText, shown, suggestion } from "./fields.ts";
import type { Findings, Path } from "./findings.ts";
import type { DeclaredPlugins } from "./read-plugins.ts";

const PROFILE_FIELDS = ["name", "plugins"];
const ENTRY_FIELDS = ["pluginRef", "weight"];
/** A field of newer endpoint pickers: what to run where no scorer has an opinion. */
const FALLBACK = "fallbackProfile";

/** Weight of a scorer that is listed without one. */
export const DEFAULT_WEIGHT = 1;

function weightOf(plugin: PluginInstance, value: unknown, path: Path, findings: Findings): number {
  const scorer = plugin.descriptor.stage === "scorer";
  if (value === undefined || value === null) return scorer ? DEFAULT_WEIGHT : 0;
  if (!scorer) {
    findings.problem(path, `${shown(value)} is without meaning: ${plugin.name} is a ${plugin.descriptor.stage}`);
  } else if (typeof value !== "number" || !Number.isFinite(value) || value < 0) {
    findings.problem(path, `${typeof value === "number" ? value : shown(value)} must be a finite number, 0 or more`);
  } else {
    return value;
  }
  return 0;
}

function readEntry(
  value: unknown,
  path: Path,
  declared: DeclaredPlugins,
  findings: Findings,
): ProfileEntry | undefined {
  const fields = mapping(value, path, findings);
  if (fields === undefined) return undefined;
  onlyFields(fields, ENTRY_FIELDS, path, findings);
  const at = [...path, "pluginRef"];
  const name = requiredText(fields, "pluginRef", path, findings);
  if (name === undefined) return undefined;
  const plugin = declared.instances.find((instance) => instance.name === name);
  if (plugin === undefined) {
    if (!declared.names.has(name)) {
      findings.problem(at, `no plugin is named ${shown(name)}${suggestion(name, [...declared.names])}`);
    }
    return undefined;
  }
  if (plugin.descriptor.stage === "profile handler") {
    findings.problem(at, `${name} is a profile handler: it stands in plugins and in no profile`);
    return undefined;
  }
  return { plugin, weight: weightOf(plugin, fields.weight, [...path, "weight"], findings) };
}

function readEntries(value: unknown, path: Path, declared: DeclaredPlugins, findings: Findings): ProfileEntry[] {
  const entries: ProfileEntry[] = [];
  list(value, path, findings)?.forEach((item, index) => {
    const entry = readEntry(item, [...path, index], declared, findings);
    if (entry === undefined) return;
    const { name, descriptor } = entry.plugin;
    const picker = entries.find((earlier) => earlier.plugin.descriptor.stage === "picker");
    if (entries.some((earlier) => earlier.plugin === entry.plugin)) {
      findings.problem([...path, index, "pluginRef"], `${name} is listed twice in this profile`);
    } else if (descriptor.stage === "picker" && picker !== undefined) {
      findings.problem([...path, index, "pluginRef"], `${name} is a second picker, after ${picker.plugin.name}`);
    } else {
      entries.push(entry);
    }
  });
  // One step is kept free for the picker that may still be added.
  if (entries.length >= MAX_STEPS)
    findings.problem(path, `${entries.length} plugins, expected fewer than ${MAX_STEPS}`);
  return entries;
}

/** Reads the `schedulingProfiles` section as it stands; `complete` fills in what it leaves out. */
export function readProfiles(value: unknown, path: Path, declared: DeclaredPlugins, findings: Findings): Profile[] {
  const profiles: Profile[] = [];
  list(value, path, findings)?.forEach((item, index) => {
    const at = [...path, index];
    const fields = mapping(item, at, findings);
    if (fields === undefined) return;
    const { [FALLBACK]: fallback, ...others } = fields;
    if (fallback !== undefined) {
      findings.problem([...at, FALLBACK], "fallbackProfile is a known field that this version does not have yet");
    }
    onlyFields(others, PROFILE_FIELDS, at, findings);
    const name = requiredText(fields, "name", at, findings);
    const earlier = profiles.findIndex((profile) => profile.name === name);
    if (name !== undefined && earlier >= 0) {
      findings.problem([...at, "name"], `${shown(name)} is already the name of schedulingProfiles[${earlier}]`);
    }
    profiles.push({ name: name ?? "", entries: readEntries(fields.plugins, [...at, "plugins"], declared, findings) });
  });
  return profiles;
}
