import { complete } from "./complete.ts";
import type { EndpointPickerConfig } from "./config.ts";
import { parseText } from "./document.ts";
import { list, mapping, onlyFields, shown, text } from "./fields.ts";
import { ConfigRefused, type Finding, type Findings } from "./findings.ts";
import { readPlugins } from "./read-plugins.ts";
import { readProfiles } from "./read-profiles.ts";

/** What `kind` has to be. */
export const KIND = "EndpointPickerConfig";
const API_VERSIONS = ["inference.networking.x-k8s.io/v1alpha1", "llm-d.ai/v1alpha1"];

/** Sections of other endpoint pickers that are accepted here and do nothing yet. */
const IDLE_SECTIONS = [
  "data",
  "dataLayer",
  "flowControl",
  "parser",
  "requestControl",
  "requestHandler",
  "saturationDetector",
];
const FIELDS = ["apiVersion", "kind", "plugins", "schedulingProfiles", "featureGates", ...IDLE_SECTIONS];

/** A configuration that can be used, with what its author should know. */
export interface ReadConfig {
  readonly config: EndpointPickerConfig;
  readonly warnings: readonly Finding[];
}

function readIdle(fields: Record<string, unknown>, findings: Findings): void {
  list(fields.featureGates, ["featureGates"], findings)?.forEach((gate, index) => {
    const name = text(gate, ["featureGates", index], findings);
    if (name !== undefined) findings.warn(["featureGates", index], `${name} has no effect in this version`);
  });
  for (const section of IDLE_SECTIONS) {
    const value = fields[section];
    if (value === undefined || value === null) continue;
    if (mapping(value, [section], findings)) findings.warn([section], "this section has no effect in this version");
  }
}

function readHead(fields: Record<string, unknown>, findings: Findings): string {
  const { apiVersion, kind } = fields;
  if (apiVersion === undefined || apiVersion === null) {
    findings.problem([], `apiVersion is missing, expected ${API_VERSIONS.join(" or ")}`);
  } else if (typeof apiVersion !== "string" || !API_VERSIONS.includes(apiVersion)) {
    findings.problem(["apiVersion"], `${shown(apiVersion)} must be ${API_VERSIONS.join(" or ")}`);
  }
  if (kind === undefined || kind === null) findings.problem([], `kind is missing, expected ${KIND}`);
  else if (kind !== KIND) findings.problem(["kind"], `${shown(kind)} must be ${KIND}`);
  return String(apiVersion);
}

/**
 * Reads an EndpointPickerConfig, YAML or JSON, and fills in its defaults.
 * @param origin what errors call the text: the file's name or the flag that held it.
 * @throws ConfigRefused with every problem of the text.
 */
export function readConfig(source: string, origin: string): ReadConfig {
  const { value, findings } = parseText(source);
  if (findings.problems.length > 0) throw new ConfigRefused(origin, findings.problems);
  const fields = mapping(value, [], findings);
  if (fields === undefined) throw new ConfigRefused(origin, findings.problems);
  onlyFields(fields, FIELDS, [], findings);
  const apiVersion = readHead(fields, findings);
  readIdle(fields, findings);
  const declared = readPlugins(fields.plugins, ["plugins"], findings);
  const profiles = readProfiles(fields.schedulingProfiles, ["schedulingProfiles"], declared, findings);
  const config = complete(apiVersion, declared, profiles, findings);
  if (findings.problems.length > 0) throw new ConfigRefused(origin, findings.problems);
  return { config, warnings: findings.warnings };
}
