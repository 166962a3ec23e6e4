import type { PluginInstance } from "./config.ts";
import { list, mapping, onlyFields, requiredText, shown, suggestion, text } from "./fields.ts";
import type { Findings, Path } from "./findings.ts";
import { PLUGINS, pluginByType } from "./plugins/catalogue.ts";
import { knownElsewhere } from "./plugins/elsewhere.ts";
import type { PluginDescriptor } from "./plugins/plugin.ts";

const FIELDS = ["name", "type", "parameters"];

/** What `plugins` says. */
export interface DeclaredPlugins {
  /** The usable ones, in the order of the file. */
  readonly instances: readonly PluginInstance[];
  /** Names of all entries, unusable ones too: a reference to such a one is not one more error. */
  readonly names: ReadonlySet<string>;
}

function parametersOf(descriptor: PluginDescriptor, value: unknown, path: Path, findings: Findings): number[] {
  const given = mapping(value, path, findings) ?? {};
  const names = descriptor.parameters.map((parameter) => parameter.name);
  if (names.length > 0) {
    onlyFields(given, names, path, findings);
  } else {
    for (const [name, seen] of Object.entries(given)) {
      findings.problem(
        [...path, name],
        `unknown field with value ${shown(seen)}; ${descriptor.type} has no parameters`,
      );
    }
  }
  return descriptor.parameters.map((parameter) => {
    const seen = given[parameter.name];
    if (seen === undefined || seen === null) return parameter.default;
    if (parameter.accepts(seen)) return seen;
    findings.problem([...path, parameter.name], `${shown(seen)} must be ${parameter.expected}`);
    return parameter.default;
  });
}

function descriptorOf(type: string, path: Path, findings: Findings): PluginDescriptor | undefined {
  const descriptor = pluginByType(type);
  if (descriptor !== undefined) return descriptor;
  if (knownElsewhere(type)) {
    findings.problem(path, `${type} is a known plugin that this version does not have yet`);
  } else {
    const known = PLUGINS.map((plugin) => plugin.type);
    findings.problem(path, `unknown plugin type ${shown(type)}${suggestion(type, known)}`);
  }
  return undefined;
}

/** Reads the `plugins` section. The name of an entry defaults to its type. */
export function readPlugins(value: unknown, path: Path, findings: Findings): DeclaredPlugins {
  const instances: PluginInstance[] = [];
  const firstUse = new Map<string, number>();
  list(value, path, findings)?.forEach((entry, index) => {
    const at = [...path, index];
    const fields = mapping(entry, at, findings);
    if (fields === undefined) return;
    onlyFields(fields, FIELDS, at, findings);
    const type = requiredText(fields, "type", at, findings);
    const name = text(fields.name, [...at, "name"], findings) ?? type;
    if (name !== undefined) {
      const earlier = firstUse.get(name);
      if (earlier === undefined) firstUse.set(name, index);
      else findings.problem([...at, "name"], `${shown(name)} is already the name of plugins[${earlier}]`);
    }
    const descriptor = type === undefined ? undefined : descriptorOf(type, [...at, "type"], findings);
    if (descriptor === undefined || name === undefined) return;
    const parameters = parametersOf(descriptor, fields.parameters, [...at, "parameters"], findings);
    instances.push({ name, descriptor, parameters });
  });
  return { instances, names: new Set(firstUse.keys()) };
}
