/**
 * The API groups of an EndpointPickerConfig: the endpoint picker of the Gateway API Inference Extension, and its
 * successor. They differ in where some sections stand and in some defaults.
 */
export type ApiGroup = "inference.networking.x-k8s.io" | "llm-d.ai";

/** What `apiVersion` may be, by group. */
export const API_VERSIONS: Readonly<Record<ApiGroup, string>> = {
  "inference.networking.x-k8s.io": "inference.networking.x-k8s.io/v1alpha1",
  "llm-d.ai": "llm-d.ai/v1alpha1",
};

/** The group of an `apiVersion`; undefined where it is none of the known ones. */
export function groupOf(apiVersion: unknown): ApiGroup | undefined {
  const groups = Object.keys(API_VERSIONS) as ApiGroup[];
  return groups.find((group) => API_VERSIONS[group] === apiVersion);
}
