// Definitions of kinds as the projects that own them publish them. They come with their Go modules.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { goModule } from "../../scripts/tools/go-module.ts";
import type { Cluster } from "../harness/kube-cluster.ts";

const GATEWAY_API = "1.4.0";
const INFERENCE_EXTENSION = "1.5.0";
/** The oldest Istio that knows all that envoy/istio has, and one with TrafficExtension. */
export const ISTIO_API = { oldest: "1.29.6", newest: "1.31.1" } as const;

/** Files with the kinds of the Gateway API, its standard channel. */
export async function gatewayApiKinds(): Promise<string[]> {
  const folder = join(await goModule("sigs.k8s.io/gateway-api", GATEWAY_API), "config", "crd", "standard");
  const files = readdirSync(folder).filter((name) => name.startsWith("gateway.networking.k8s.io_"));
  return files.map((name) => join(folder, name));
}

/** Files with the kinds of the Gateway API Inference Extension. */
export async function inferenceKinds(): Promise<string[]> {
  const folder = await goModule("sigs.k8s.io/gateway-api-inference-extension", INFERENCE_EXTENSION);
  const bases = join(folder, "config", "crd", "bases");
  return readdirSync(bases).map((name) => join(bases, name));
}

/** The file with all of Istio's kinds. */
export async function istioKinds(version: string): Promise<string[]> {
  return [join(await goModule("istio.io/api", version), "kubernetes", "customresourcedefinitions.gen.yaml")];
}

/** Installs kinds, and waits until the API server serves them. */
export async function installKinds(cluster: Cluster, files: readonly string[]): Promise<void> {
  const args = files.flatMap((file) => ["-f", file]);
  // Server side: some are too long for the annotation that kubectl would keep.
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", ...args]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...args]);
}
