import { type ReadConfig, readConfig } from "./read.ts";

/** Used where no configuration is given: the reference's default without its prefix-cache-scorer. */
const DEFAULT_CONFIG_TEXT = `apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
  - type: queue-scorer
  - type: kv-cache-utilization-scorer
schedulingProfiles:
  - name: default
    plugins:
      - pluginRef: queue-scorer
        weight: 2
      - pluginRef: kv-cache-utilization-scorer
        weight: 2
`;

/** The built-in configuration. */
export function defaultConfig(): ReadConfig {
  return readConfig(DEFAULT_CONFIG_TEXT, "the built-in configuration");
}
