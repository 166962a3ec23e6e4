// What must hold of the objects of any release, whatever its values.

import assert from "node:assert/strict";
import { readConfig } from "../../sidecar/epp-config/read.ts";
import { gatewayPatch, type KubeObject, ofKind } from "../harness/helm.ts";
import { restrictedViolations } from "./pod-security.ts";

type Labels = Readonly<Record<string, string>>;
type Spec = KubeObject["spec"];

const CLUSTER_KINDS = ["ClusterRole", "ClusterRoleBinding"];

/** How an object is told from all others. */
export function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.namespace ?? "-"}/${metadata.name}`;
}

function assertSelects(selector: Labels | undefined, labels: Labels, what: string): void {
  const wanted = Object.entries(selector ?? {});
  assert.ok(wanted.length > 0, `${what} selects everything`);
  for (const [name, value] of wanted) assert.equal(labels[name], value, `${what}: label ${name}`);
}

function checkNames(objects: readonly KubeObject[]): void {
  const keys = objects.map(keyOf);
  assert.deepEqual(keys, [...new Set(keys)], "an object is rendered twice");
  for (const object of objects) {
    const isOfCluster = CLUSTER_KINDS.includes(object.kind);
    assert.equal(object.metadata.namespace === undefined, isOfCluster, `${keyOf(object)}: namespace`);
    for (const label of ["name", "instance", "version"]) {
      assert.ok(object.metadata.labels[`app.kubernetes.io/${label}`], `${keyOf(object)}: label ${label}`);
    }
  }
}

/** Bindings lead to roles of this release. */
function checkBindings(objects: readonly KubeObject[]): void {
  for (const binding of objects.filter(({ kind }) => kind.endsWith("RoleBinding"))) {
    const { kind, name } = binding.roleRef;
    const namespace = kind === "Role" ? binding.metadata.namespace : undefined;
    const role = ofKind(objects, kind).find(({ metadata }) => {
      return metadata.name === name && metadata.namespace === namespace;
    });
    assert.ok(role, `${keyOf(binding)} leads to no role`);
    assert.ok(binding.subjects.length > 0, `${keyOf(binding)} has no subject`);
    for (const subject of binding.subjects) {
      assert.deepEqual(Object.keys(subject).sort(), ["kind", "name", "namespace"]);
    }
  }
}

/** The container's volumes, probes and command are whole. */
function checkContainer(container: Spec, volumes: readonly Spec[], objects: readonly KubeObject[]): void {
  assert.equal(container.args[0], "serve");
  const names = volumes.map(({ name }) => name);
  for (const mount of container.volumeMounts) assert.ok(names.includes(mount.name), `no volume ${mount.name}`);
  for (const { configMap } of volumes.filter(({ configMap }) => configMap !== undefined)) {
    const found = ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.name === configMap.name);
    assert.ok(found, `no ConfigMap ${configMap.name}`);
    readConfig(found.data["config.yaml"], configMap.name);
  }
  const ports = new Map<string, number>(
    container.ports.map((port: Spec) => [port.name, port.containerPort] as [string, number]),
  );
  const extension = ports.get("epp-extension");
  assert.equal(new Set(ports.values()).size, extension === undefined ? 3 : 4);
  const flag = (name: string): number =>
    Number(container.args.find((arg: string) => arg.startsWith(`--${name}=`))?.slice(name.length + 3));
  assert.equal(flag("grpc-port"), ports.get("epp-grpc"));
  assert.equal(flag("grpc-health-port"), ports.get("epp-health"));
  assert.equal(flag("metrics-port"), ports.get("epp-metrics"));
  assert.equal(flag("envoy-gateway-extension-port"), extension ?? Number.NaN);
  for (const [probe, service] of Object.entries({ livenessProbe: "liveness", readinessProbe: "readiness" })) {
    assert.deepEqual(container[probe].grpc, { port: ports.get("epp-health"), service }, probe);
  }
}

function checkShared(objects: readonly KubeObject[], deployment: KubeObject): void {
  const { selector, template } = deployment.spec;
  const labels: Labels = template.metadata.labels;
  assertSelects(selector.matchLabels, labels, "the Deployment");
  for (const { spec } of ofKind(objects, "PodDisruptionBudget")) {
    assertSelects(spec.selector.matchLabels, labels, "the PodDisruptionBudget");
  }
  for (const { spec } of ofKind(objects, "NetworkPolicy")) {
    assertSelects(spec.podSelector.matchLabels, labels, "the NetworkPolicy");
  }
  for (const constraint of template.spec.topologySpreadConstraints ?? []) {
    assertSelects(constraint.labelSelector.matchLabels, labels, "a spread constraint");
  }
  const [container] = template.spec.containers;
  const portNames = container.ports.map(({ name }: Spec) => name);
  for (const service of ofKind(objects, "Service")) {
    assertSelects(service.spec.selector, labels, "the Service");
    for (const { targetPort } of service.spec.ports) assert.ok(portNames.includes(targetPort), targetPort);
    for (const { spec } of ofKind(objects, "ServiceMonitor")) {
      assertSelects(spec.selector.matchLabels, service.metadata.labels, "the ServiceMonitor");
      const names = service.spec.ports.map(({ name }: Spec) => name);
      for (const { port } of spec.endpoints) assert.ok(names.includes(port), port);
    }
  }
  for (const { spec } of ofKind(objects, "HorizontalPodAutoscaler")) {
    assert.equal(spec.scaleTargetRef.name, deployment.metadata.name);
    assert.equal(deployment.spec.replicas, undefined, "a Deployment that is scaled must not say how often");
  }
  const accounts = ofKind(objects, "ServiceAccount").map(({ metadata }) => metadata.name);
  if (accounts.length > 0) assert.deepEqual(accounts, [template.spec.serviceAccountName]);
  assert.deepEqual(restrictedViolations(template.spec), []);
  checkContainer(container, template.spec.volumes, objects);
}

/** Throws where objects of one release contradict each other, or the pod asks for more than it may. */
export function checkConsistency(objects: readonly KubeObject[]): void {
  checkNames(objects);
  checkBindings(objects);
  const [deployment] = ofKind(objects, "Deployment");
  if (deployment !== undefined) {
    checkShared(objects, deployment);
    return;
  }
  const pod = gatewayPatch(objects).template.spec;
  assert.deepEqual(restrictedViolations(pod), []);
  assert.equal(pod.initContainers.length, 1);
  checkContainer(pod.initContainers[0], pod.volumes, objects);
}
