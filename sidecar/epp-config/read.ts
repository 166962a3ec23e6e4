import { EncodeError, encodePlan } from "../../wire/encode.ts";
import { mapping, Place } from "../support/fields.ts";
import type { Finding } from "../support/findings.ts";
import { settleAdmission } from "./admission.ts";
import { API_VERSIONS, type ApiGroup, groupOf } from "./api-group.ts";
import { compile } from "./compile.ts";
import { completeProfiles } from "./complete-profiles.ts";
import { completeSections } from "./complete-sections.ts";
import type { EndpointPickerConfig } from "./config.ts";
import { ConfigRefused } from "./config-refused.ts";
import { parseText } from "./document.ts";
import { checkReferences, readPlugins } from "./read-plugins.ts";
import { readProfiles } from "./read-profiles.ts";
import { readSections, SECTION_FIELDS } from "./sections.ts";
import { settle } from "./settle.ts";

/** What `kind` has to be. */
export const KIND = "EndpointPickerConfig";

/** What a configuration may hold, and what each is for. */
export const CONFIG_FIELDS = {
  apiVersion: `${Object.values(API_VERSIONS).join(" or ")}; required`,
  kind: `${KIND}; required`,
  plugins: "the plugins and their parameters, in any order",
  schedulingProfiles: "which of them run, and in which order; left out, all of them make one profile",
  ...SECTION_FIELDS,
} as const;

/** A configuration that can be used, with what its author should know. */
export interface ReadConfig {
  readonly config: EndpointPickerConfig;
  readonly warnings: readonly Finding[];
}

function readHead(fields: Readonly<Record<string, unknown>>, root: Place): ApiGroup {
  const group = groupOf(fields.apiVersion);
  if (group === undefined) {
    root.at("apiVersion").expect(Object.values(API_VERSIONS).join(" or "), fields.apiVersion);
  }
  if (fields.kind !== KIND) root.at("kind").expect(KIND, fields.kind);
  return group ?? "llm-d.ai";
}

/** What a gateway cannot take is refused here, where its author hears of it. */
function checkSize(config: EndpointPickerConfig, root: Place): void {
  try {
    encodePlan({ pool: "", ...compile(config) });
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    root.refuse(`the plan is more than a gateway takes: ${error.message}`);
  }
}

/**
 * Reads an EndpointPickerConfig, YAML or JSON, and fills in its defaults.
 * @param origin what errors call the text: the file's name or the flag that held it.
 * @throws ConfigRefused with every problem of the text.
 */
export function readConfig(source: string, origin: string): ReadConfig {
  const { value, findings } = parseText(source);
  const root = new Place([], findings);
  const fields = findings.problems.length > 0 ? undefined : mapping(value, root, Object.keys(CONFIG_FIELDS));
  if (fields === undefined) throw new ConfigRefused(origin, findings.problems);
  const group = readHead(fields, root);
  const { sections: read, references } = readSections(fields, root);
  const declared = readPlugins(fields.plugins, group, root.at("plugins"));
  const section = root.at("schedulingProfiles");
  const profiles = completeProfiles(declared, readProfiles(fields.schedulingProfiles, section, declared), section);
  checkReferences(declared);
  const settled = settle(declared, profiles);
  const sections = completeSections(read, references, declared, root);
  const settings = { ...settled, admission: settleAdmission(sections, declared, root) };
  const config = { group, plugins: declared.instances, profiles, sections, settings };
  if (findings.problems.length === 0) checkSize(config, root);
  if (findings.problems.length > 0) throw new ConfigRefused(origin, findings.problems);
  return { config, warnings: findings.warnings };
}
