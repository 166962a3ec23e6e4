import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { findKustomize } from "../../../scripts/tools/deploy-tools.ts";
import { startStack } from "../../harness/stack.ts";
import { gatewaySuite } from "../suite.ts";
import { istioGateway } from "./gateway.ts";
import { buildExample, type Example } from "./manifests.ts";

const NAMES = { namespace: "default", pool: "base", sidecar: "picker.default.svc.cluster.local" };
const BODY_LIMIT = 8 * 2 ** 20;

const folder = mkdtempSync(join(tmpdir(), "inline-epp-istio-"));
before(() => findKustomize());
after(() => rmSync(folder, { recursive: true }));

const KINDS: readonly { name: string; example: Example; trafficExtension?: boolean }[] = [
  { name: "an InferencePool behind Istio's Gateway", example: "pool" },
  { name: "a Service behind Istio's Gateway, by a TrafficExtension", example: "service", trafficExtension: true },
];
for (const { name, example, trafficExtension = false } of KINDS) {
  gatewaySuite(
    name,
    async (parts) => {
      const objects = await buildExample(example, { names: NAMES, trafficExtension });
      return startStack({ ...parts, envoy: { ...istioGateway({ objects, folder }), concurrency: 2 } });
    },
    { bodyLimit: BODY_LIMIT },
  );
}
