// Definitions of kinds as the projects that own them publish them. They come with their Go modules.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { ENVOY_GATEWAY } from "../../scripts/tools/gateway-tools.ts";
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

/**
 * Files with the kinds of Envoy Gateway and of the Gateway API as its chart has them, without the chart's own language,
 * written into a folder.
 */
export async function envoyGatewayKinds(folder: string): Promise<string[]> {
  const charts = join(await goModule("github.com/envoyproxy/gateway", ENVOY_GATEWAY.version), "charts");
  const templates = join(charts, "gateway-crds-helm", "templates");
  const generated = readdirSync(join(templates, "generated")).map((name) => join("generated", name));
  const files: string[] = [];
  for (const name of ["standard-gatewayapi-crds.yaml", ...generated]) {
    const text = readFileSync(join(templates, name), "utf8").replaceAll(/^\{\{.*\}\}$/gm, "");
    const definitions = parseAllDocuments(text).map((document) => document.toJS());
    const kinds = definitions.filter((definition) => definition?.kind === "CustomResourceDefinition");
    if (kinds.length === 0) throw new Error(`${name} has no definitions`);
    files.push(join(folder, name.replaceAll("/", "-")));
    writeFileSync(files.at(-1)!, kinds.map((kind) => stringify(kind)).join("---\n"));
  }
  return files;
}

/** Installs kinds, and waits until the API server serves them. */
export async function installKinds(cluster: Cluster, files: readonly string[]): Promise<void> {
  const args = files.flatMap((file) => ["-f", file]);
  // Server side: some are too long for the annotation that kubectl would keep.
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", ...args]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...args]);
}
