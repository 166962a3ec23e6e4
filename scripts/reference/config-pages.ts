// The EndpointPickerConfig: its sections, and its plugins with their parameters.

import { API_VERSIONS } from "../../sidecar/epp-config/api-group.ts";
import { GATES } from "../../sidecar/epp-config/feature-gates.ts";
import { PLUGINS } from "../../sidecar/epp-config/plugins/catalogue.ts";
import type { PluginDescriptor, Stage } from "../../sidecar/epp-config/plugins/plugin.ts";
import { CONFIG_FIELDS } from "../../sidecar/epp-config/read.ts";
import { PLUGIN_FIELDS } from "../../sidecar/epp-config/read-plugins.ts";
import { ENTRY_FIELDS, PROFILE_FIELDS } from "../../sidecar/epp-config/read-profiles.ts";
import { sectionShapes } from "../../sidecar/epp-config/sections.ts";
import { FIELD_HEAD, fieldRows } from "./fields.ts";
import { code, fieldTable, page, table } from "./markdown.ts";

const NEWER = API_VERSIONS["llm-d.ai"];
const OLDER = API_VERSIONS["inference.networking.x-k8s.io"];

const STAGES: readonly (readonly [Stage, string])[] = [
  ["scorer", "Scorers"],
  ["filter", "Filters"],
  ["picker", "Pickers"],
  ["profile handler", "Profile handlers"],
  ["decider", "Deciders"],
  ["data producer", "Data producers"],
  ["saturation detector", "Saturation detectors"],
  ["usage limit policy", "Usage limit policies"],
  ["fairness policy", "Fairness policies"],
  ["ordering policy", "Ordering policies"],
  ["rate limiter", "Rate limiters"],
  ["parser", "Parsers"],
  ["request handler", "Request handlers"],
  ["admitter", "Admitters"],
  ["eviction policy", "Eviction policies"],
  ["data source", "Data sources"],
  ["extractor", "Extractors"],
  ["endpoint discovery", "Endpoint discovery"],
  ["replica syncer", "Replica syncers"],
];

function standing({ own, idle }: PluginDescriptor): string {
  const where = own ? " Only here: other endpoint pickers do not know it." : "";
  return idle === "always" ? `${where} **Read, and without effect here.**` : where;
}

function pluginBlock(plugin: PluginDescriptor): string {
  const rows = fieldRows(plugin.shape("llm-d.ai"), plugin.shape("inference.networking.x-k8s.io"));
  const parameters = rows.length === 0 ? "No parameters." : table(["parameter", ...FIELD_HEAD.slice(1)], rows);
  return `### ${plugin.type}\n\n${plugin.about}${standing(plugin)}\n\n${parameters}`;
}

/** docs/reference/plugins.md */
export function pluginsPage(): string {
  const missing = PLUGINS.find(({ stage }) => !STAGES.some(([known]) => known === stage));
  if (missing !== undefined) throw new Error(`${missing.type} is a ${missing.stage}, which has no section`);
  return page(
    "Plugins and their parameters",
    `What \`plugins\` of an [EndpointPickerConfig](endpoint-picker-config.md) may hold. A plugin is called as in the
reference endpoint pickers, but for those that are said to be only here. Where the API groups differ, what is said is
\`${NEWER}\`'s, and what follows "older:" \`${OLDER}\`'s. A field without a default stays out where it is left out.
\`npx inline-epp check FILE\` prints a configuration with its defaults, and names what is wrong.`,
    ...STAGES.flatMap(([stage, title]) => [
      `## ${title}`,
      ...PLUGINS.filter((plugin) => plugin.stage === stage).map(pluginBlock),
    ]),
  );
}

function gateTable(): string {
  return table(
    ["gate", "here"],
    Object.entries(GATES).map(([name, value]) => [
      code(name),
      value === "as written" ? "as it is written; false where it is not" : `always ${value}`,
    ]),
  );
}

/** docs/reference/endpoint-picker-config.md */
export function configPage(): string {
  return page(
    "EndpointPickerConfig",
    "A mapping, YAML or JSON. [Configuration](../configuration.md#scheduling) says what becomes of it, " +
      "[plugins](plugins.md) has the plugins.",
    fieldTable(CONFIG_FIELDS),
    "## An entry of `plugins`",
    fieldTable(PLUGIN_FIELDS),
    "## An entry of `schedulingProfiles`",
    fieldTable(PROFILE_FIELDS),
    "Each of its `plugins`:",
    fieldTable(ENTRY_FIELDS),
    "## `featureGates`",
    gateTable(),
    ...Object.entries(sectionShapes()).flatMap(([name, shape]) => [
      `## \`${name}\``,
      table(FIELD_HEAD, fieldRows(shape)),
    ]),
  );
}
