import type { PluginDescriptor } from "./plugins/plugin.ts";

/** One entry of `plugins`: a plugin type with its parameters, under a name. */
export interface PluginInstance {
  readonly name: string;
  readonly descriptor: PluginDescriptor;
  /** In the order of the descriptor's parameters. */
  readonly parameters: readonly number[];
}

/** One entry of a profile's `plugins`. */
export interface ProfileEntry {
  readonly plugin: PluginInstance;
  /** 0 where the plugin is no scorer. */
  readonly weight: number;
}

/** One entry of `schedulingProfiles`, with exactly one picker among its entries. */
export interface Profile {
  readonly name: string;
  readonly entries: readonly ProfileEntry[];
}

/** A valid EndpointPickerConfig with every default filled in. */
export interface EndpointPickerConfig {
  readonly apiVersion: string;
  readonly plugins: readonly PluginInstance[];
  readonly profiles: readonly Profile[];
}
