import { API_VERSIONS } from "./api-group.ts";
import type { EndpointPickerConfig } from "./config.ts";
import { KIND } from "./read.ts";
import { printSections } from "./sections.ts";

/** The configuration with all defaults, as a document of its API group that reads back as the same configuration. */
export function printable({ group, plugins, profiles, sections }: EndpointPickerConfig): object {
  return {
    apiVersion: API_VERSIONS[group],
    kind: KIND,
    ...(sections.featureGates.length > 0 && { featureGates: sections.featureGates }),
    plugins: plugins.map(({ name, descriptor, parameters }) => ({
      name,
      type: descriptor.type,
      ...(Object.keys(parameters).length > 0 && { parameters }),
    })),
    schedulingProfiles: profiles.map((profile) => ({
      name: profile.name,
      plugins: profile.entries.map(({ plugin, weight }) => ({
        pluginRef: plugin.name,
        ...(weight !== undefined && { weight }),
      })),
    })),
    ...printSections(sections, group),
  };
}
