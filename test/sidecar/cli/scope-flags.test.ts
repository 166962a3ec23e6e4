import assert from "node:assert/strict";
import { test } from "node:test";
import type { Environment } from "../../../sidecar/cli/scope-flags.ts";
import type { EndpointsFrom } from "../../../sidecar/serve-settings.ts";
import { IN_POD, refusalOf, settingsOf } from "./parse.ts";

const GROUP = "inference.networking.k8s.io";

/** Arguments, environment, and where endpoints come from then. */
const ACCEPTED: readonly (readonly [string, Environment, EndpointsFrom])[] = [
  ["--endpoints f", {}, { kind: "file", file: "f" }],
  ["--endpoints f", IN_POD, { kind: "file", file: "f" }],
  ["", IN_POD, { kind: "kubernetes", zonesFromNodes: false, scope: { kind: "all" } }],
  ["--all-namespaces", {}, { kind: "kubernetes", zonesFromNodes: false, scope: { kind: "all" } }],
  ["--all-namespaces=false", IN_POD, { kind: "kubernetes", zonesFromNodes: false, scope: { kind: "all" } }],
  [
    "--namespaces a,b,a --zones-from-nodes",
    {},
    { kind: "kubernetes", zonesFromNodes: true, scope: { kind: "namespaces", namespaces: ["a", "b"] } },
  ],
  [
    "--pool-name base",
    {},
    {
      kind: "kubernetes",
      zonesFromNodes: false,
      scope: { kind: "pool", namespace: undefined, name: "base", group: GROUP },
    },
  ],
  [
    "--pool-name base",
    { NAMESPACE: "models" },
    {
      kind: "kubernetes",
      zonesFromNodes: false,
      scope: { kind: "pool", namespace: "models", name: "base", group: GROUP },
    },
  ],
  [
    "--pool-name base --pool-namespace=team --pool-group inference.networking.x-k8s.io",
    { NAMESPACE: "models" },
    {
      kind: "kubernetes",
      zonesFromNodes: false,
      scope: { kind: "pool", namespace: "team", name: "base", group: "inference.networking.x-k8s.io" },
    },
  ],
  [
    "--endpoint-selector app=vllm --endpoint-target-ports 8000,8001,8000",
    { POD_NAME: "my-epp-7c9d8f6b5-x2x4z", NAMESPACE: "" },
    {
      kind: "kubernetes",
      zonesFromNodes: false,
      scope: {
        kind: "selector",
        namespace: undefined,
        name: "my-epp",
        selector: "app=vllm",
        targetPorts: [8000, 8001],
      },
    },
  ],
  [
    "--endpoint-selector !x --endpoint-target-ports 80 --pool-namespace team",
    {},
    {
      kind: "kubernetes",
      zonesFromNodes: false,
      scope: { kind: "selector", namespace: "team", name: "standalone", selector: "!x", targetPorts: [80] },
    },
  ],
];

for (const [args, env, expected] of ACCEPTED) {
  test(`${args || "nothing"} ${JSON.stringify(env)}`, async () => {
    const { endpoints } = await settingsOf(args.split(" ").filter(Boolean), env);
    assert.deepEqual(endpoints, expected);
  });
}

test("a selector stays as it is written, but for spaces at commas", async () => {
  const selector = "app=vllm, env in (prod, staging),tier!=frontend,key,!deprecated,a.b/c notin (x),n==1,e=";
  const { endpoints } = await settingsOf(["--endpoint-selector", selector, "--endpoint-target-ports=1"]);
  assert.equal(
    endpoints.kind === "kubernetes" && endpoints.scope.kind === "selector" && endpoints.scope.selector,
    "app=vllm,env in (prod, staging),tier!=frontend,key,!deprecated,a.b/c notin (x),n==1,e=",
  );
});

/** Arguments and the flags and words that the refusal must have. */
const REFUSED: readonly (readonly [string, Environment, ...string[]])[] = [
  ["", {}, "--endpoints FILE", "--pool-name", "--namespaces", "--all-namespaces", "--endpoint-selector"],
  ["--kubeconfig k", {}, "there is nothing to serve", "--all-namespaces"],
  ["--endpoints f --pool-name p", {}, "--endpoints and --pool-name contradict", "leave all but one out"],
  ["--endpoints f --all-namespaces", {}, "--endpoints and --all-namespaces contradict"],
  ["--pool-name p --namespaces a --all-namespaces", {}, "--pool-name and --namespaces and --all-namespaces"],
  ["--pool-name p --endpoint-selector a --endpoint-target-ports 1", {}, "--pool-name and --endpoint-selector"],
  ["--pool-group inference.networking.k8s.io", IN_POD, "--pool-group needs --pool-name"],
  ["--pool-namespace a", IN_POD, "--pool-namespace needs --pool-name", "give --namespaces"],
  ["--pool-name p --endpoint-target-ports 1", {}, "--endpoint-target-ports needs --endpoint-selector"],
  ["--endpoint-selector a=b", {}, "--endpoint-selector needs --endpoint-target-ports"],
  ["--endpoints f --zones-from-nodes", {}, "--zones-from-nodes contradicts --endpoints"],
  ["--endpoints f --kubeconfig k", {}, "--kubeconfig contradicts --endpoints", "--metrics-endpoint-auth"],
  ["--endpoints f --context c", IN_POD, "--context contradicts --endpoints"],
  ["--endpoints f --metrics-endpoint-auth", {}, "--metrics-endpoint-auth with --endpoints", "give --kubeconfig"],
  [
    "--endpoints f --model-server-metrics-path /m",
    {},
    "--model-server-metrics-path contradicts --endpoints",
    "metrics",
  ],
  ["--endpoint-selector a=b,,c --endpoint-target-ports 1", {}, "'a=b,,c' is invalid", "Expected a label selector"],
  ["--endpoint-selector a=b=c --endpoint-target-ports 1", {}, "Expected a label selector"],
  ["--endpoint-selector a --endpoint-target-ports 0", {}, "Expected 1 to 8 ports from 1 to 65535"],
  ["--endpoint-selector a --endpoint-target-ports 1,2,3,4,5,6,7,8,9", {}, "Expected 1 to 8 ports"],
  ["--pool-name ns/p", {}, "'ns/p' is invalid", "without its namespace"],
  ["--namespaces a,,b", {}, "Expected names of namespaces"],
  ["--pool-group x", {}, "Allowed choices are inference.networking.k8s.io, inference.networking.x-k8s.io"],
  ["--all-namespaces=maybe", {}, "Expected true or false"],
];

for (const [args, env, ...words] of REFUSED) {
  test(`refused: ${args || "nothing"}`, async () => {
    const refusal = await refusalOf(args.split(" ").filter(Boolean), env);
    for (const word of words) assert.ok(refusal.includes(word), `${word} in: ${refusal}`);
  });
}

test("the cluster for readers' tokens may stand beside a file", async () => {
  const { cluster } = await settingsOf("--endpoints f --metrics-endpoint-auth --kubeconfig k --context c".split(" "));
  assert.deepEqual(cluster, { kubeconfig: "k", context: "c" });
  assert.equal((await settingsOf(["--endpoints=f", "--metrics-endpoint-auth"], IN_POD)).metricsEndpointAuth, true);
});

test("a pod with endpoints from Kubernetes listens on every address, nobody else does", async () => {
  const bind = async (args: string, env: Environment) => (await settingsOf(args.split(" "), env)).bind;
  assert.match(await bind("--pool-name=p", IN_POD), /^(::|0\.0\.0\.0)$/);
  assert.equal(await bind("--pool-name=p", {}), "127.0.0.1");
  assert.equal(await bind("--endpoints=f", IN_POD), "127.0.0.1");
  assert.equal(await bind("--pool-name=p --bind=10.0.0.7", IN_POD), "10.0.0.7");
});
