import type { EndpointPickerConfig } from "./config.ts";
import { KIND } from "./read.ts";

/** The configuration with all defaults, as a document that reads back as the same configuration. */
export function printable(config: EndpointPickerConfig): object {
  return {
    apiVersion: config.apiVersion,
    kind: KIND,
    plugins: config.plugins.map(({ name, descriptor, parameters }) => ({
      name,
      type: descriptor.type,
      ...(parameters.length > 0 && {
        parameters: Object.fromEntries(descriptor.parameters.map(({ name: key }, slot) => [key, parameters[slot]])),
      }),
    })),
    schedulingProfiles: config.profiles.map((profile) => ({
      name: profile.name,
      plugins: profile.entries.map(({ plugin, weight }) => ({
        pluginRef: plugin.name,
        ...(plugin.descriptor.stage === "scorer" && { weight }),
      })),
    })),
  };
}
