// The manifests of envoy/istio, with names of a test's own.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { ROOT } from "../../../scripts/stack/command.ts";
import { buildKustomization, type KubeObject } from "../../harness/helm.ts";

/** An example of envoy/istio/examples. */
export type Example = "pool" | "service";

export type Wishes = {
  /** Names in place of those of the example's names.yaml. */
  readonly names?: Readonly<Record<string, string>>;
  /** A TrafficExtension in place of the WasmPlugin. */
  readonly trafficExtension?: boolean;
};

function edit(file: string, change: (content: { [field: string]: unknown }) => void): void {
  const content = parse(readFileSync(file, "utf8"));
  change(content);
  writeFileSync(file, stringify(content));
}

/** The objects that `kubectl apply -k` sends to a cluster for a copy of an example. */
export async function buildExample(example: Example, wishes: Wishes = {}): Promise<KubeObject[]> {
  const { names = {}, trafficExtension = false } = wishes;
  const folder = mkdtempSync(join(tmpdir(), "inline-epp-istio-"));
  try {
    cpSync(join(ROOT, "envoy", "istio"), folder, { recursive: true });
    const copy = join(folder, "examples", example);
    edit(join(copy, "names.yaml"), (content) => {
      content.data = { ...(content.data as object), ...names };
    });
    edit(join(copy, "kustomization.yaml"), (content) => {
      content.components = [
        ...(trafficExtension ? ["../../traffic-extension"] : []),
        ...(content.components as string[]),
      ];
    });
    return await buildKustomization(copy);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
