// The manifests against the API server, with the definitions of their kinds, and what Envoy Gateway may do by them.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Cluster, startCluster } from "../../harness/kube-cluster.ts";
import { envoyGatewayKinds, inferenceKinds, installKinds } from "../definitions.ts";

const FOLDER = join("envoy", "envoy-gateway-extension");
const ENVOY_GATEWAY = "system:serviceaccount:envoy-gateway-system:envoy-gateway";
const POOLS = "inferencepools.inference.networking.k8s.io";

describe("the manifests for Envoy Gateway's extension", () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await startCluster();
    await installKinds(cluster, [...(await envoyGatewayKinds(cluster.folder)), ...(await inferenceKinds())]);
    await cluster.addNamespace("models");
  });
  after(() => cluster?.stop());

  for (const [file, objects] of [
    ["gateway.yaml", 2],
    ["route.yaml", 2],
    ["rights.yaml", 2],
  ] as const) {
    test(`${file} is taken by an API server`, async () => {
      const said = await cluster.kubectl(["apply", "--validate=strict", "-f", join(FOLDER, file)]);
      assert.equal(said.trim().split("\n").length, objects, said);
    });
  }

  test("Envoy Gateway may read pools, and no more", async () => {
    const may = async (verb: string): Promise<boolean> => {
      const asked = cluster.kubectl(["auth", "can-i", verb, POOLS, "--all-namespaces", "--as", ENVOY_GATEWAY]);
      // kubectl's exit status says no, too.
      return asked.then(
        () => true,
        () => false,
      );
    };
    assert.deepEqual(await Promise.all(["get", "list", "watch", "update", "delete"].map(may)), [
      ...[true, true, true],
      ...[false, false],
    ]);
  });
});
