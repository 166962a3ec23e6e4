import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { findHelm } from "../../scripts/tools/deploy-tools.ts";
import { type KubeObject, renderChart, type Values } from "../harness/helm.ts";

const WATCH = ["get", "list", "watch"];

/** All that the sidecar reads of pools and pods, one line per kind. */
const READ = [
  "/pods",
  "inference.networking.k8s.io/inferencepools",
  "inference.networking.x-k8s.io/inferencemodelrewrites",
  "inference.networking.x-k8s.io/inferencemodels",
  "inference.networking.x-k8s.io/inferenceobjectives",
  "inference.networking.x-k8s.io/inferencepoolimports",
  "inference.networking.x-k8s.io/inferencepools",
  "llm-d.ai/inferencemodelrewrites",
  "llm-d.ai/inferenceobjectives",
].map((resource) => `${WATCH} ${resource}`);

type Rule = { apiGroups?: string[]; resources?: string[]; nonResourceURLs?: string[]; verbs: string[] };

function grantsOf(rules: Rule[]): string[] {
  return rules
    .flatMap(({ apiGroups = [], resources = [], nonResourceURLs = [], verbs }) => [
      ...apiGroups.flatMap((group) => resources.map((resource) => `${verbs} ${group}/${resource}`)),
      ...nonResourceURLs.map((url) => `${verbs} ${url}`),
    ])
    .sort();
}

/** Who may do what where: "account@namespace in place": grants. */
function access(objects: readonly KubeObject[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const binding of objects.filter(({ kind }) => kind.endsWith("RoleBinding"))) {
    const { namespace } = binding.metadata;
    const role = objects.find(({ kind, metadata }) => {
      return (
        kind === binding.roleRef.kind && metadata.name === binding.roleRef.name && metadata.namespace === namespace
      );
    });
    for (const subject of binding.subjects) {
      const key = `${subject.name}@${subject.namespace} in ${namespace ?? "the cluster"}`;
      found[key] = [...(found[key] ?? []), ...grantsOf(role?.rules)].sort();
    }
  }
  return found;
}

const granted = async (values: Values): Promise<Record<string, string[]>> => access(await renderChart(values));

before(async () => {
  await findHelm();
});

describe("the sidecar may read", () => {
  test("its own namespace, where no scope is given", async () => {
    assert.deepEqual(await granted({}), { "inline-epp@models in models": READ });
  });

  test("the pool's namespace", async () => {
    assert.deepEqual(await granted({ scope: { pool: { name: "base" } } }), { "inline-epp@models in models": READ });
    assert.deepEqual(await granted({ scope: { pool: { name: "base", namespace: "gpu" } } }), {
      "inline-epp@models in gpu": READ,
    });
  });

  test("the namespace of pods without a pool", async () => {
    const pods = { selector: "app=vllm", targetPorts: [8000] };
    assert.deepEqual(await granted({ scope: { pods } }), { "inline-epp@models in models": READ });
    assert.deepEqual(await granted({ scope: { pods: { ...pods, namespace: "gpu" } } }), {
      "inline-epp@models in gpu": READ,
    });
  });

  test("each of several namespaces", async () => {
    assert.deepEqual(await granted({ scope: { namespaces: ["team-a", "team-b"] } }), {
      "inline-epp@models in team-a": READ,
      "inline-epp@models in team-b": READ,
    });
  });

  test("the whole cluster, for all namespaces only", async () => {
    assert.deepEqual(await granted({ scope: { all: true } }), { "inline-epp@models in the cluster": READ });
  });

  test("nodes of the cluster as well, for their zones", async () => {
    assert.deepEqual(await granted({ zonesFromNodes: true }), {
      "inline-epp@models in models": READ,
      "inline-epp@models in the cluster": [`${WATCH} /nodes`],
    });
  });

  test("nothing, where somebody else gives the rights", async () => {
    const values = { rbac: { create: false }, zonesFromNodes: true, metrics: { auth: true }, scope: { all: true } };
    const kinds = (await renderChart(values)).map(({ kind }) => kind);
    assert.deepEqual(
      kinds.filter((kind) => kind.includes("Role")),
      [],
    );
  });

  test("under the account that it runs as", async () => {
    assert.deepEqual(Object.keys(await granted({ serviceAccount: { create: false, name: "epp" } })), [
      "epp@models in models",
    ]);
    assert.deepEqual(
      Object.keys(await granted({ mode: "sidecar", sidecar: { serviceAccounts: [{ name: "a" }, { name: "b" }] } })),
      ["a@models in models", "b@models in models"],
    );
  });
});

describe("with auth on metrics", () => {
  const REVIEW = ["create authentication.k8s.io/tokenreviews", "create authorization.k8s.io/subjectaccessreviews"];

  test("the sidecar may ask who reads, and the readers may read", async () => {
    const readers = [{ name: "prometheus-k8s", namespace: "monitoring" }];
    assert.deepEqual(await granted({ metrics: { auth: true, readers } }), {
      "inline-epp@models in models": READ,
      "inline-epp@models in the cluster": REVIEW,
      "prometheus-k8s@monitoring in the cluster": ["get /metrics"],
    });
  });

  test("the readers' role is there before there are any", async () => {
    const objects = await renderChart({ metrics: { auth: true } });
    const role = objects.find(({ metadata }) => metadata.name === "models-inline-epp-metrics-reader");
    assert.deepEqual(grantsOf(role?.rules), ["get /metrics"]);
  });

  test("Prometheus sends its token, or what the values say", async () => {
    const endpointOf = async (auth: boolean, more: Values = {}): Promise<KubeObject["spec"]> => {
      const objects = await renderChart({ metrics: { auth, serviceMonitor: { enabled: true, ...more } } });
      return objects.find(({ kind }) => kind === "ServiceMonitor")?.spec.endpoints[0];
    };
    const authorization = { credentials: { name: "token", key: "token" } };
    assert.equal((await endpointOf(false)).bearerTokenFile, undefined);
    assert.match((await endpointOf(true)).bearerTokenFile, /serviceaccount\/token$/);
    const told = await endpointOf(true, { authorization });
    assert.deepEqual([told.authorization, told.bearerTokenFile], [authorization, undefined]);
  });
});

describe("two releases of one name in two namespaces", () => {
  test("share no object", async () => {
    const values = { scope: { all: true }, zonesFromNodes: true, metrics: { auth: true } };
    const keys = async (namespace: string): Promise<string[]> => {
      const objects = await renderChart(values, { namespace });
      return objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    };
    const [one, other] = await Promise.all([keys("a"), keys("b")]);
    assert.deepEqual(
      one.filter((key) => other.includes(key)),
      [],
    );
  });
});
