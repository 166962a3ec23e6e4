import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { restrictedViolations } from "./pod-security.ts";

const GOOD = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  volumes: [{ name: "config", configMap: { name: "config" } }],
  containers: [
    {
      name: "main",
      ports: [{ containerPort: 80 }],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    },
  ],
};

type Pod = typeof GOOD & Record<string, unknown>;

describe("the check for Pod Security Standard restricted", () => {
  test("admits what keeps to it", () => {
    assert.deepEqual(restrictedViolations(GOOD), []);
  });

  const own = (more: object) => (pod: Pod) => Object.assign(pod.containers[0]!.securityContext, more);
  const cases: readonly [string, (pod: Pod) => void][] = [
    ["hostNetwork", (pod) => Object.assign(pod, { hostNetwork: true })],
    ["volume config: hostPath", (pod) => Object.assign(pod.volumes[0]!, { hostPath: { path: "/" } })],
    ["main: privileged", own({ privileged: true })],
    ["main: allowPrivilegeEscalation", own({ allowPrivilegeEscalation: undefined })],
    ["main: runAsNonRoot", own({ runAsNonRoot: false })],
    ["main: runAsNonRoot", (pod) => Object.assign(pod.securityContext, { runAsNonRoot: undefined })],
    ["main: runAsUser", own({ runAsUser: 0 })],
    ["main: seccompProfile", own({ seccompProfile: { type: "Unconfined" } })],
    ["main: capabilities.drop", own({ capabilities: { drop: ["NET_RAW"] } })],
    ["main: capabilities.add", own({ capabilities: { drop: ["ALL"], add: ["SYS_PTRACE"] } })],
    ["main: procMount", own({ procMount: "Unmasked" })],
    ["main: hostPort", (pod) => Object.assign(pod.containers[0]!.ports[0]!, { hostPort: 80 })],
  ];
  for (const [index, [violation, spoil]] of cases.entries()) {
    test(`refuses a pod for ${violation} (${index + 1})`, () => {
      const pod = structuredClone(GOOD) as Pod;
      spoil(pod);
      assert.deepEqual(restrictedViolations(pod), [violation]);
    });
  }

  test("looks at native sidecars too", () => {
    const pod = { ...GOOD, initContainers: [{ name: "beside" }] };
    assert.ok(restrictedViolations(pod).some((line) => line.startsWith("beside: ")));
  });
});
