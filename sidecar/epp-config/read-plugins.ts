import { isDeepStrictEqual } from "node:util";
import { list, mapping, meant, type Place, show } from "../support/fields.ts";
import { nearest } from "../support/suggest.ts";
import { API_VERSIONS, type ApiGroup } from "./api-group.ts";
import type { PluginInstance } from "./config.ts";
import { PLUGINS, pluginByType } from "./plugins/catalogue.ts";
import { elsewhereProblem } from "./plugins/elsewhere.ts";
import type { PluginDescriptor } from "./plugins/plugin.ts";
import { readShape } from "./shape.ts";

/** What an entry may hold. */
export const PLUGIN_FIELDS = {
  name: "what profiles and other plugins call it; left out, its type",
  type: "[one of these](plugins.md); required",
  parameters: "a mapping, as the type has it",
} as const;
const TYPES = PLUGINS.map((plugin) => plugin.type);

/** What `plugins` says, and what the reference adds to it. */
export class DeclaredPlugins {
  readonly group: ApiGroup;
  /** Where `plugins` stands. */
  readonly place: Place;
  /** The usable ones, in the order of the file. */
  readonly instances: PluginInstance[] = [];
  /** Names of all entries with their index, unusable ones too: a reference to such a one is not one more error. */
  readonly names = new Map<string, number>();
  /** Types that are none, and stand as their entries' names too: what a reference says is not meant to be one. */
  readonly misspelt = new Set<string>();
  readonly #written = new Map<string, unknown>();

  constructor(group: ApiGroup, place: Place) {
    this.group = group;
    this.place = place;
  }

  /** The usable plugin of that name. */
  named(name: string): PluginInstance | undefined {
    return this.instances.find((instance) => instance.name === name);
  }

  /** Where a plugin's entry stands. */
  placeOf(instance: PluginInstance): Place {
    const index = this.names.get(instance.name);
    return index === undefined ? this.place : this.place.at(index);
  }

  /** Keeps a plugin and its parameters as they are written. */
  keep(instance: PluginInstance, written: unknown): void {
    this.instances.push(instance);
    this.#written.set(instance.name, written);
  }

  /** Whether a plugin's entry has that parameter; a path of more steps leads into mappings. */
  isWritten({ name }: PluginInstance, path: readonly string[]): boolean {
    let value = this.#written.get(name);
    for (const step of path) value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
    return value !== undefined && value !== null && value !== "";
  }

  /** Adds a plugin with its defaults under its type's name; where that name is taken, there is one already. */
  add(descriptor: PluginDescriptor): PluginInstance {
    const { type } = descriptor;
    const there = this.named(type);
    if (there !== undefined) return there;
    const instance = { name: type, descriptor, parameters: defaultParameters(descriptor, this) };
    this.instances.push(instance);
    return instance;
  }

  /** Tells of a reference that leads nowhere, or to a plugin that is something else. */
  refuseReference(name: string, place: Place, expected: string): undefined {
    const found = this.named(name);
    if (found !== undefined) return place.refuse(`${name} is a ${found.descriptor.stage}, not a ${expected}`);
    if (this.names.has(name)) return undefined;
    // The type has been corrected already, and the reference is right.
    if ([...this.misspelt].some((type) => nearest(type, TYPES) === name)) return undefined;
    return place.refuse(`no plugin is named ${show(name)}${this.#namedInstead(name)}`);
  }

  /** The end of a message about a name that leads nowhere. */
  #namedInstead(name: string): string {
    const ofType = this.instances.filter(({ descriptor }) => descriptor.type === name).map((one) => show(one.name));
    if (ofType.length === 1) return `; there is one of that type, named ${ofType[0]}`;
    if (ofType.length > 1) return `; there are some of that type, named ${ofType.join(", ")}`;
    const names = [...this.names.keys()].filter((one) => !this.misspelt.has(one));
    return names.length === 0 ? "" : `, ${meant(name, names)}`;
  }
}

function readParameters(descriptor: PluginDescriptor, value: unknown, place: Place, group: ApiGroup) {
  const shape = descriptor.shape(group);
  const none = Object.keys(shape).length === 0;
  const { type } = descriptor;
  const values = readShape(shape, value, place, {
    unknown(name, hint) {
      const other = descriptor.parameterOf?.(name, group);
      if (other !== undefined) return `${name} is a parameter of ${other}, not of ${type}, in ${API_VERSIONS[group]}`;
      return none ? `${type} has no parameters` : `${type} has no parameter ${name}${hint}`;
    },
    of: ` of ${type}`,
    quiet: descriptor.idle === "always",
  });
  return descriptor.check?.(values, place, group) ?? values;
}

function defaultParameters(descriptor: PluginDescriptor, { group, place }: DeclaredPlugins) {
  return readParameters(descriptor, undefined, place, group);
}

function warnOfIdle({ descriptor, parameters }: PluginInstance, declared: DeclaredPlugins, place: Place): void {
  const { idle, type } = descriptor;
  if (idle === undefined) return;
  if (idle === "unless default" && isDeepStrictEqual(parameters, defaultParameters(descriptor, declared))) return;
  place.warn(`${type} has no effect in this version`);
}

function descriptorOf(type: unknown, place: Place): PluginDescriptor | undefined {
  if (type === undefined || type === null || type === "") return place.refuse("type is missing");
  const at = place.at("type");
  if (typeof type !== "string") return at.expect("the type of a plugin", type);
  const descriptor = pluginByType(type);
  if (descriptor !== undefined) return descriptor;
  const elsewhere = elsewhereProblem(type);
  if (elsewhere !== undefined) return at.refuse(elsewhere);
  const near = nearest(type, TYPES);
  const hint =
    near === undefined ? "; docs/reference/plugins.md names them" : `, did you mean ${JSON.stringify(near)}?`;
  return at.refuse(`there is no plugin type ${show(type)}${hint}`);
}

function nameOf(name: unknown, type: unknown, place: Place): string | undefined {
  if (name === undefined || name === null || name === "") return typeof type === "string" ? type : undefined;
  return typeof name === "string" ? name : place.at("name").expect("a string", name);
}

/** Reads the `plugins` section. The name of an entry defaults to its type. */
export function readPlugins(value: unknown, group: ApiGroup, place: Place): DeclaredPlugins {
  const declared = new DeclaredPlugins(group, place);
  list(value ?? [], place)?.forEach((entry, index) => {
    const at = place.at(index);
    const fields = mapping(entry, at, Object.keys(PLUGIN_FIELDS));
    if (fields === undefined) return;
    const descriptor = descriptorOf(fields.type, at);
    const name = nameOf(fields.name, fields.type, at);
    if (name === undefined) return;
    const earlier = declared.names.get(name);
    if (earlier !== undefined) at.at("name").refuse(`${show(name)} is already the name of plugins[${earlier}]`);
    else declared.names.set(name, index);
    if (descriptor === undefined) {
      const isUnknown = name === fields.type && elsewhereProblem(name) === undefined;
      if (isUnknown) declared.misspelt.add(name);
      return;
    }
    const parameters = readParameters(descriptor, fields.parameters, at.at("parameters"), group);
    const instance = { name, descriptor, parameters };
    declared.keep(instance, fields.parameters);
    warnOfIdle(instance, declared, at);
  });
  return declared;
}

/** Tells of parameters that name plugins which are not there. The first of a field's types is there by itself. */
export function checkReferences(declared: DeclaredPlugins): void {
  for (const instance of declared.instances) {
    const place = declared.placeOf(instance).at("parameters");
    for (const [field, { refersTo }] of Object.entries(instance.descriptor.shape(declared.group))) {
      const name = instance.parameters[field];
      if (typeof name !== "string" || refersTo.length === 0 || name === refersTo[0]) continue;
      const found = declared.named(name);
      if (found !== undefined && refersTo.includes(found.descriptor.type)) continue;
      if (found === undefined && declared.names.has(name)) continue;
      place
        .at(field)
        .refuse(
          `no ${refersTo.join(" or ")} is named ${show(name)}${found ? `, which is a ${found.descriptor.type}` : ""}`,
        );
    }
  }
}
