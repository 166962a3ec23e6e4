// Istio with an InferencePool and an endpoint picker, whose image alone has been replaced: the picker's cluster is all
// that its configuration of ext_proc names, so requests bear the cluster's name, with `|`, as their :authority.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { KubeObject } from "../../harness/helm.ts";
import { startStack } from "../../harness/stack.ts";
import { HOSTS } from "../hosts.ts";
import { gatewaySuite } from "../suite.ts";
import { istioGateway } from "./gateway.ts";

const NAMESPACE = "inference-model-server";
const PICKER = "endpoint-picker-svc";
const POOL = "inference-model-server-pool";

const POOL_AND_ROUTE = [
  {
    apiVersion: "inference.networking.k8s.io/v1",
    kind: "InferencePool",
    metadata: { name: POOL, namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: { app: NAMESPACE } },
      targetPorts: [{ number: 8000 }],
      endpointPickerRef: { name: PICKER, port: { number: 9002 } },
    },
  },
  {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "models", namespace: NAMESPACE },
    spec: {
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ group: "inference.networking.k8s.io", kind: "InferencePool", name: POOL }],
        },
      ],
    },
  },
] as const;

const DESTINATION_RULE = {
  apiVersion: "networking.istio.io/v1",
  kind: "DestinationRule",
  metadata: { name: "endpoint-picker-tls", namespace: NAMESPACE },
  spec: { host: PICKER, trafficPolicy: { tls: { mode: "SIMPLE", insecureSkipVerify: true } } },
};

const folder = mkdtempSync(join(tmpdir(), "inline-epp-istio-"));
after(() => rmSync(folder, { recursive: true }));

for (const secure of [true, false]) {
  const objects = [...POOL_AND_ROUTE, ...(secure ? [DESTINATION_RULE] : [])] as unknown as KubeObject[];
  gatewaySuite(secure ? HOSTS.istioExtProcTls : HOSTS.istioExtProcPlaintext, (parts) =>
    startStack({ ...parts, envoy: { ...istioGateway({ objects, folder }), concurrency: 2 } }),
  );
}
