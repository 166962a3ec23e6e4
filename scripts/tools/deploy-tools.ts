// What the tests of deploy/ run.

import { type GoTool, goTool } from "./go-tool.ts";

const CAPABILITIES = "helm.sh/helm/v3/pkg/chartutil";
const HELM: GoTool = {
  name: "helm",
  module: "helm.sh/helm/v3/cmd/helm",
  version: "3.22.0",
  // The Kubernetes that it takes for granted where it asks none; 1.20 unless set.
  set: { [`${CAPABILITIES}.k8sVersionMajor`]: "1", [`${CAPABILITIES}.k8sVersionMinor`]: "34" },
};
const KUSTOMIZE: GoTool = { name: "kustomize", module: "sigs.k8s.io/kustomize/kustomize/v5", version: "5.8.1" };

/** The path of the pinned helm, built first where it is not there yet. Throws Trouble. */
export function findHelm(): Promise<string> {
  return goTool(HELM);
}

/** The path of the pinned kustomize, which `kubectl kustomize` has inside; built first where it is not there yet. */
export function findKustomize(): Promise<string> {
  return goTool(KUSTOMIZE);
}
