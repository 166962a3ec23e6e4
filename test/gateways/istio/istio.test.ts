import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { findKustomize } from "../../../scripts/tools/deploy-tools.ts";
import { startStack } from "../../harness/stack.ts";
import { HOSTS, type Host } from "../hosts.ts";
import { gatewaySuite } from "../suite.ts";
import { istioGateway } from "./gateway.ts";
import { buildExample, type Example } from "./manifests.ts";

const NAMES = { namespace: "default", pool: "base", sidecar: "picker.default.svc.cluster.local" };

const folder = mkdtempSync(join(tmpdir(), "inline-epp-istio-"));
before(() => findKustomize());
after(() => rmSync(folder, { recursive: true }));

const KINDS: readonly { host: Host; example: Example; trafficExtension?: boolean }[] = [
  { host: HOSTS.istioPool, example: "pool" },
  { host: HOSTS.istioService, example: "service", trafficExtension: true },
];
for (const { host, example, trafficExtension = false } of KINDS) {
  gatewaySuite(host, async (parts) => {
    const objects = await buildExample(example, { names: NAMES, trafficExtension });
    return startStack({ ...parts, envoy: { ...istioGateway({ objects, folder }), concurrency: 2 } });
  });
}
