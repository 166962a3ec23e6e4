// The manifests against the API server, with the definitions of their kinds as Envoy Gateway brings them along.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parse, stringify } from "yaml";
import { ENVOY_GATEWAY } from "../../../scripts/tools/gateway-tools.ts";
import { type Cluster, startCluster } from "../../harness/kube-cluster.ts";
import { envoyGatewayKinds, installKinds } from "../definitions.ts";
import { allManifests, type Manifest, NAMESPACE, readManifests } from "./manifests.ts";

const FOLDER = join("envoy", "envoy-gateway");

describe(`the manifests for Envoy Gateway ${ENVOY_GATEWAY.version}`, () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
    await installKinds(cluster, await envoyGatewayKinds(cluster.folder));
    await cluster.addNamespace(NAMESPACE);
  });
  after(() => cluster?.stop());

  const send = (manifests: readonly Manifest[], ...args: string[]): Promise<string> => {
    const text = manifests.map((manifest) => stringify(manifest)).join("---\n");
    return cluster.kubectl(["apply", "--validate=strict", ...args, "-f", "-"], text);
  };

  test("are taken by an API server, as one kustomization", async () => {
    const said = await cluster.kubectl(["apply", "--validate=strict", "-k", FOLDER]);
    assert.equal(said.trim().split("\n").length, allManifests().length, said);
  });

  test("the module as an image is taken too, in place of the other", async () => {
    assert.match(await send(readManifests("filter-image.yaml")), /envoyextensionpolicy\S* configured/);
  });

  test("every file of the folder is tried", () => {
    const { resources } = parse(readFileSync(join(FOLDER, "kustomization.yaml"), "utf8")) as { resources: string[] };
    const others = ["filter-image.yaml", "kustomization.yaml"];
    assert.deepEqual([...resources, ...others].sort(), readdirSync(FOLDER).sort());
  });

  test("a misspelt field is refused, so what is taken is right", async () => {
    const [policy] = readManifests("traffic.yaml");
    const { endpointOverride, ...rest } = policy!.spec.loadBalancer;
    policy!.spec.loadBalancer = { ...rest, endpointOverrides: endpointOverride };
    await assert.rejects(send([policy!], "--dry-run=server"), /endpointOverrides/);
    const [filter] = readManifests("filter.yaml");
    // A rule that is no type: the module must come from the place that the type says.
    filter!.spec.wasm[0].code.type = "Image";
    await assert.rejects(send([filter!], "--dry-run=server"), /image/i);
  });
});
