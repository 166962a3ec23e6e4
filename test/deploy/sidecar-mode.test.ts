import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { findHelm } from "../../scripts/tools/deploy-tools.ts";
import { gatewayPatch, type KubeObject, ofKind, only, renderChart, type Values } from "../harness/helm.ts";

const istio = { mode: "sidecar", sidecar: { serviceAccounts: [{ name: "gateway-istio" }] } };
const envoyGateway = { ...istio, sidecar: { ...istio.sidecar, gateway: "envoy-gateway" } };

function argsOf(objects: readonly KubeObject[]): string[] {
  return gatewayPatch(objects).template.spec.initContainers[0].args;
}

before(async () => {
  await findHelm();
});

describe("beside a gateway, the chart", () => {
  test("makes nothing that runs or listens by itself", async () => {
    const kinds = (await renderChart(istio)).map(({ kind }) => kind).sort();
    assert.deepEqual(kinds, ["ConfigMap", "ConfigMap", "Role", "RoleBinding"]);
  });

  test("makes the same patch for Istio and for Envoy Gateway, each where it is looked for", async () => {
    const [one, other] = await Promise.all([renderChart(istio), renderChart(envoyGateway)]);
    assert.deepEqual(gatewayPatch(one), gatewayPatch(other));
    assert.equal(only(other, "EnvoyProxy").spec.provider.kubernetes.envoyDeployment.patch.type, "StrategicMerge");
    assert.deepEqual(
      ofKind(one, "ConfigMap").map(({ metadata, data }) => [metadata.name, Object.keys(data)]),
      [
        ["inline-epp", ["config.yaml"]],
        ["inline-epp-gateway", ["deployment"]],
      ],
    );
  });

  test("adds a container that starts before Envoy and ends after it, and changes none", async () => {
    const { template, ...rest } = gatewayPatch(await renderChart(istio));
    assert.deepEqual(rest, {});
    assert.deepEqual(Object.keys(template), ["spec"]);
    assert.deepEqual(Object.keys(template.spec).sort(), ["initContainers", "volumes"]);
    const [container] = template.spec.initContainers;
    assert.deepEqual([container.name, container.restartPolicy], ["inline-epp", "Always"]);
  });

  test("brings the token, where clients look for it, to this container alone", async () => {
    const { initContainers, volumes } = gatewayPatch(await renderChart(istio)).template.spec;
    const path = "/var/run/secrets/kubernetes.io/serviceaccount";
    const mount = initContainers[0].volumeMounts.find(({ mountPath }: Values) => mountPath === path);
    const { sources } = volumes.find(({ name }: Values) => name === mount.name).projected;
    const files = sources.flatMap(({ serviceAccountToken, configMap, downwardAPI }: KubeObject) => [
      ...(serviceAccountToken ? [serviceAccountToken.path] : []),
      ...(configMap?.items ?? downwardAPI?.items ?? []).map(({ path }: { path: string }) => path),
    ]);
    assert.deepEqual(files.sort(), ["ca.crt", "namespace", "token"]);
  });

  test("runs the sidecar as it runs alone", async () => {
    const [alone, beside] = await Promise.all([renderChart({}), renderChart(istio)]);
    const shared = only(alone, "Deployment").spec.template.spec.containers[0];
    const { restartPolicy, volumeMounts, args, ...rest } = gatewayPatch(beside).template.spec.initContainers[0];
    const { volumeMounts: _, args: sharedArgs, ...expected } = shared;
    assert.deepEqual(rest, expected);
    const named = sharedArgs.map((arg: string) => arg.replace("$(POD_NAMESPACE)", "models"));
    assert.deepEqual([restartPolicy, args], ["Always", named]);
    assert.ok(volumeMounts.some(({ name }: Values) => name === "inline-epp-config"));
  });

  test("serves the scope of its values", async () => {
    assert.ok(argsOf(await renderChart({ ...istio, scope: { all: true } })).includes("--all-namespaces"));
    assert.ok(argsOf(await renderChart(istio)).includes("--namespaces=models"));
  });
});
