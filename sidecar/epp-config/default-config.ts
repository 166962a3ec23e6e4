import { type ReadConfig, readConfig } from "./read.ts";

/** Used where no configuration is given: docs/decisions/0009-our-own-default.md. */
const DEFAULT_CONFIG_TEXT = `apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: expected-latency-scorer
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: expected-latency-scorer
`;

/** The built-in configuration. */
export function defaultConfig(): ReadConfig {
  return readConfig(DEFAULT_CONFIG_TEXT, "the built-in configuration");
}
