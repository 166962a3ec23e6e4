import type { PlanSettings } from "../../wire/model.ts";
import type { ApiGroup } from "./api-group.ts";
import type { PluginDescriptor } from "./plugins/plugin.ts";
import type { Sections } from "./sections.ts";

/** One entry of `plugins`: a plugin type with its parameters, under a name. */
export interface PluginInstance {
  readonly name: string;
  readonly descriptor: PluginDescriptor;
  /** With defaults; fields that are left out and have none are missing. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** One entry of a profile's `plugins`. */
export interface ProfileEntry {
  readonly plugin: PluginInstance;
  /** undefined where the plugin is no scorer. */
  readonly weight: number | undefined;
}

/** One entry of `schedulingProfiles`, with exactly one picker among its entries. */
export interface Profile {
  readonly name: string;
  readonly entries: readonly ProfileEntry[];
}

/** A valid EndpointPickerConfig with every default filled in. */
export interface EndpointPickerConfig {
  readonly group: ApiGroup;
  readonly plugins: readonly PluginInstance[];
  readonly profiles: readonly Profile[];
  readonly sections: Sections;
  /** What handlers and producers come to. */
  readonly settings: PlanSettings;
}
